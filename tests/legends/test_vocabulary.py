from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import Legend, Vocabulary, list_vocabularies, load_legend, load_vocabulary, parse_words

# The class files of RS-OVSS and SegEarth-OV with the threshold and the background class of SegEarth-OV's settings.
PUBLISHED = {
    "openearthmap": (
        "background | bareland,barren | grass | pavement | road | tree,forest | water,river | cropland |"
        "building,roof,house",
        0.1,
        0,
    ),
    "loveda": ("background | building,roof,house | road | water | barren | forest | agricultural", 0.3, 0),
    "isaid": (
        "background | ship | store tank | baseball diamond | tennis court | basketball court | ground track field |"
        "bridge | large vehicle | small vehicle | helicopter | swimming pool | roundabout | soccer ball field | plane |"
        "harbor",
        0.4,
        0,
    ),
    "potsdam": ("road,parking lot | building | low vegetation | tree | car | clutter,background", 0.1, 5),
    "vaihingen": ("impervious surface | building | low vegetation | tree | car | clutter", 0.1, 5),
    "uavid": ("background | building | road | car | tree | vegetation | human", 0.3, 0),
    "udd5": ("vegetation | building | road | vehicle | background", 0.4, 4),
    "vdd": ("background | facade | road | vegetation | vehicle | roof | water", 0.3, 0),
    "whu-aerial": ("background | building", 0.6, 0),
    "whu-satellite": ("background | building", 0.7, 0),
    "inria": ("background | building", 0.6, 0),
    "xbd": ("background | building", 0.0, 0),
    "chn6-cug": ("background | road", 0.8, 0),
    "deepglobe-roads": ("background | road", 0.7, 0),
    "massachusetts-roads": ("background | road", 0.7, 0),
    "spacenet-roads": ("background | road", 0.7, 0),
    "wbs-si": ("background | water", 0.6, 0),
}


def vocabulary(**changes: object) -> Vocabulary:
    content: dict[str, object] = {
        "name": "two",
        "classes": [{"name": "roof", "synonyms": ["roof", "house"]}, {"name": "rest", "background": True}],
    }
    return Vocabulary.model_validate(content | changes)


def test_all_published_lists_are_there() -> None:
    assert list_vocabularies() == sorted(PUBLISHED)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_lists(name: str) -> None:
    words, threshold, background = PUBLISHED[name]
    found = load_vocabulary(name)
    assert found.name == name
    assert found.title
    assert found.source
    assert [list(entry.synonyms) for entry in found.classes] == [part.strip().split(",") for part in words.split("|")]
    assert found.codes == tuple(range(len(found)))
    assert (found.threshold, found.background) == (threshold, background)
    assert found.thresholds == (threshold,) * len(found)


def test_colours_are_those_of_the_shipped_legends() -> None:
    published = load_legend("isprs-6").colours
    assert load_vocabulary("potsdam").colours == load_vocabulary("vaihingen").colours == published
    assert load_vocabulary("loveda").colours == load_legend("loveda").colours


def test_words_of_the_command_line() -> None:
    found = parse_words(" building, roof; road;tree ,  forest;; water , ; ")
    assert found.name == "words"
    assert found.names == ("building", "road", "tree", "water")
    assert found.codes == (1, 2, 3, 4)
    assert found.queries == ("building", "roof", "road", "tree", "forest", "water")
    assert found.synonyms == (2, 1, 2, 1)
    assert (found.background, found.thresholds) == (None, (0.0,) * 4)
    assert found.colours == ((222, 31, 7), (250, 190, 70), (34, 97, 38), (0, 69, 255))
    assert parse_words("swimming  pool; road").queries == ("swimming pool", "road")


@pytest.mark.parametrize(
    ("words", "index"),
    [("a; Background", 1), ("clutter; background", 1), ("a; other, rest; clutter", 2), ("other; a", 0), ("a; b", None)],
)
def test_the_background_by_its_word(words: str, index: int | None) -> None:
    assert parse_words(words).background == index


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "'' is no vocabulary: it has no classes"),
        (" ; , ;", "it has no classes"),
        ("building, roof", "it has one class only"),
        ("tree; Tree", "class 'Tree' has the word 'Tree', which is there in class 'tree' too|name tree stands for"),
        ("building, roof; house, Roof", "class 'house' has the word 'Roof', which is there in class 'building' too"),
        ("tree, forest, tree; water", "class 'tree' has the word 'tree', which is there twice"),
        (";".join(f"w{index}" for index in range(255)), r"w1\.\.\..* 255 classes, but a map has codes for 254"),
    ],
)
def test_words_that_are_no_vocabulary(words: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse_words(words)
    assert 'apart by ";"' in str(caught.value.remedy)


def test_as_many_classes_as_codes() -> None:
    found = parse_words(";".join(f"w{index}" for index in range(254)))
    assert found.codes == tuple(range(1, 255))
    assert len(set(found.legend().colours)) == 254


def test_the_legend_has_no_words() -> None:
    found = load_vocabulary("openearthmap")
    legend = found.legend()
    assert type(legend) is Legend
    assert (legend.codes, legend.names, legend.colours) == (found.codes, found.names, found.colours)
    assert (legend.name, legend.title, legend.source) == (found.name, found.title, found.source)
    assert legend.same_classes(found)


def test_what_a_file_may_leave_out() -> None:
    found = vocabulary()
    assert found.codes == (1, 2)
    assert found.colours[0] == (222, 31, 7)
    assert found.queries == ("roof", "house", "rest")


def test_it_comes_back_from_its_dump() -> None:
    found = vocabulary(threshold=0.2)
    assert Vocabulary.model_validate(found.model_dump(mode="json")) == found
    assert Vocabulary.model_validate(found.to_dict()) == found
    assert Vocabulary(name=found.name, threshold=0.2, classes=found.classes) == found


def test_a_threshold_of_one_class() -> None:
    classes = [{"name": "a", "threshold": 0.7}, {"name": "b", "background": True}]
    assert vocabulary(threshold=0.2, classes=classes).thresholds == (0.7, 0.2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"threshold": 0.4, "classes": [{"name": "a"}, {"name": "b"}]}, "needs a class with background: true"),
        ({"classes": [{"name": "a", "background": True}, {"name": "b", "background": True}]}, "the background: a, b"),
        ({"classes": [{"name": "a", "code": 1}, {"name": "b"}]}, r"classes\.1\.code"),
        ({"classes": [{"name": "a", "colour": [1, 2]}, {"name": "b"}]}, r"classes\.0\.colour"),
        ({"classes": [{"name": "a", "colour": [1, 2, 3]}, {"name": "b", "colour": [1, 2, 3]}]}, "colour"),
        ({"classes": [{"name": "a", "synonyms": "roof, house"}, {"name": "b"}]}, r"classes\.0\.synonyms"),
        ({"classes": [{"name": "a", "synonyms": [" "]}, {"name": "b"}]}, r"classes\.0\.synonyms\.0"),
        ({"classes": ["a", "b"]}, r"classes\.0"),
        ({"classes": "a; b"}, "classes"),
        ({"classes": []}, "it has no classes"),
        ({"threshold": 1.5}, "threshold"),
    ],
)
def test_what_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        vocabulary(**changes)


def test_a_file_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "cls_mine.txt"
    file.write_bytes("\ufeffroad, parking lot\r\n building\r\nclutter,background\r\n\r\n \n".encode())
    found = load_vocabulary(file)
    assert (found.name, found.codes, found.background) == ("cls_mine", (0, 1, 2), 2)
    assert [entry.synonyms for entry in found.classes] == [
        ("road", "parking lot"),
        ("building",),
        ("clutter", "background"),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it has no classes"),
        (b"road\n", "it has one class only"),
        (b"road\n\nbuilding\n", "line 2 has no words"),
        (b"road,street\nstreet\n", "class 'street' has the word 'street', which is there in class 'road' too"),
        (b"stra\xdfe\nhaus\n", "is not UTF-8 text"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "mine.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        load_vocabulary(file)
    assert caught.value.path == str(file)


def test_a_yaml_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nclasses:\n  - name: a\n  - {name: b, synonyms: [b, a]}\n")
    with pytest.raises(DataError, match=r"mine\.yaml: .*class 'b' has the word 'a', which is there in class 'a' too"):
        load_vocabulary(file)
    file.write_text("name: mine\nclasses:\n  - name: a\n  - {name: b, words: [b]}\n")
    with pytest.raises(DataError, match=r"line 4: classes\.1\.words: unknown key"):
        load_vocabulary(file)


def test_files_and_names_that_are_not_there(tmp_path: Path) -> None:
    for suffix in (".txt", ".yaml"):
        with pytest.raises(DataError, match="the vocabulary cannot be read"):
            load_vocabulary(tmp_path / f"none{suffix}")
    with pytest.raises(UsageError, match=r"no vocabulary named .openearthmap8..*Did you mean openearthmap"):
        load_vocabulary("openearthmap8")
