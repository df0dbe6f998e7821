"""Captions and tags from CSV files."""

from __future__ import annotations

from pathlib import Path

import pytest

from landwright.data.captions import find_captioned, has_captions, read_captions, tag_caption
from landwright.data.scene import Scene
from landwright.errors import DataError
from landwright.recipe import DataSpec, SplitSpec

PHRASE = "a satellite image of {}"


@pytest.fixture
def scenes(tmp_path: Path) -> list[Scene]:
    (tmp_path / "img").mkdir()
    paths = [tmp_path / "img" / f"{name}.png" for name in "abcd"]
    for path in paths:
        path.touch()
    return [Scene(path.stem, path, None) for path in paths]


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_tags_become_a_sentence() -> None:
    assert tag_caption(["water"], PHRASE) == "a satellite image of water"
    assert tag_caption(["road", "tree", "water"], PHRASE) == "a satellite image of road, tree and water"


def test_images_are_found_by_path_name_or_stem(tmp_path: Path, scenes: list[Scene]) -> None:
    file = csv(
        tmp_path / "captions.csv",
        "image,caption,tags",
        "img/a.png,  a   harbour ,road;water",
        "b.png,,road; ;water",
        "c,,tree",
        "d,,",
    )
    assert read_captions(file, scenes, phrase=PHRASE) == {
        "a": "a harbour",
        "b": "a satellite image of road and water",
        "c": "a satellite image of tree",
    }
    assert has_captions(file)
    assert not has_captions(csv(tmp_path / "pairs.csv", "image,label", "a,b"))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["image,text", "a,b"], "no column caption or tags"),
        (["file,caption", "a,b"], "no column image"),
        (["image,caption", "z,a harbour"], "says nothing of any of the 4 images; it names z"),
    ],
)
def test_a_file_that_says_nothing_is_refused(
    tmp_path: Path, scenes: list[Scene], lines: list[str], problem: str
) -> None:
    with pytest.raises(DataError, match=problem):
        read_captions(csv(tmp_path / "captions.csv", *lines), scenes, phrase=PHRASE)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, scenes: list[Scene]) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_captions(tmp_path / "none.csv", scenes, phrase=PHRASE)


def test_images_of_a_list_may_lack_labels(tmp_path: Path, scenes: list[Scene]) -> None:
    (tmp_path / "m.png").touch()
    file = csv(
        tmp_path / "pairs.csv",
        "image,label,caption,part,town",
        "img/a.png,m.png,x,train,one",
        "img/b.png,,y,Val,",
    )
    spec = DataSpec(pairs=str(file), split=SplitSpec(by="column", column="part", group="town"))
    found = find_captioned(spec)
    assert [(scene.name, scene.label, scene.part, scene.group) for scene in found] == [
        ("a", tmp_path / "m.png", "train", "one"),
        ("b", None, "val", None),
    ]
    by_scene = find_captioned(DataSpec(pairs=str(file)))
    assert [scene.part for scene in by_scene] == [None, None]
    whole = csv(tmp_path / "whole.csv", "image,label", "img/a.png,m.png")
    assert [scene.label for scene in find_captioned(DataSpec(pairs=str(whole)))] == [tmp_path / "m.png"]


@pytest.mark.parametrize(
    ("line", "problem"), [("img/z.png,train", "which is not a file"), ("img/b.png,later", "'later' in column split")]
)
def test_a_wrong_line_is_refused(tmp_path: Path, scenes: list[Scene], line: str, problem: str) -> None:
    file = csv(tmp_path / "pairs.csv", "image,split", "img/a.png,train", line)
    with pytest.raises(DataError, match=f"line 3.*{problem}"):
        find_captioned(DataSpec(pairs=str(file), split=SplitSpec(by="column")))


def test_images_that_are_no_list_are_found_as_ever(tmp_path: Path, scenes: list[Scene]) -> None:
    spec = DataSpec(images=str(tmp_path / "img"), heights=str(tmp_path / "img"))
    with pytest.raises(DataError, match="both an image and"):
        find_captioned(spec)
