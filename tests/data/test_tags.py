"""Tags of scenes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import Point, box, mapping

from landwright.data.scene import Scene
from landwright.data.tags import background_of, check_tags, read_tags, tagged_names
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.world import write_world

NAMES = ("background", "road", "low vegetation", "water")
FULL = NAMES[1:]


@pytest.fixture
def scenes(tmp_path: Path) -> list[Scene]:
    (tmp_path / "img").mkdir()
    paths = [tmp_path / "img" / f"{name}.png" for name in "abc"]
    for path in paths:
        path.touch()
    return [Scene(path.stem, path, None) for path in paths]


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("names", "choice", "background"),
    [
        (NAMES, "auto", "background"),
        (FULL, "auto", None),
        (NAMES, "none", None),
        (NAMES, None, None),
        (FULL, "Road", "road"),
    ],
)
def test_the_class_without_tags(names: tuple[str, ...], choice: str | None, background: str | None) -> None:
    assert background_of(names, choice) == background
    assert tagged_names(names, choice) == (names if background is None else names[1:])


def test_the_background_comes_first() -> None:
    with pytest.raises(UsageError, match="'water' is not the first class of the legend, which is background"):
        background_of(NAMES, "water")


def test_images_are_found_by_path_name_or_stem(tmp_path: Path, scenes: list[Scene]) -> None:
    file = csv(
        tmp_path / "tags.csv", "img/a.png,Low_Vegetation;water", "b.png,road;background", "c,road", "c,low-vegetation"
    )
    assert read_tags(file, scenes, NAMES) == {
        "a": {"low vegetation", "water"},
        "b": {"road"},
        "c": {"road", "low vegetation"},
    }


def test_several_files_add_up(tmp_path: Path, scenes: list[Scene]) -> None:
    csv(tmp_path / "1.csv", "a,road", "b,water")
    csv(tmp_path / "2.csv", "a,water", "c,water")
    wanted = {"a": {"road", "water"}, "b": {"water"}, "c": {"water"}}
    assert read_tags(str(tmp_path / "*.csv"), scenes, FULL) == wanted
    assert read_tags([tmp_path / "1.csv", tmp_path / "2.csv"], scenes, FULL) == wanted


def test_an_image_of_background_alone(tmp_path: Path, scenes: list[Scene]) -> None:
    file = csv(tmp_path / "tags.csv", "a,road", "b,", "c,background")
    assert read_tags(file, scenes, NAMES) == {"a": {"road"}, "b": set(), "c": set()}
    assert read_tags(file, scenes[1:], NAMES) == {"b": set(), "c": set()}
    with pytest.raises(DataError, match="1 of 2 images have no tag: b"):
        read_tags(file, scenes[1:], NAMES, background="none")
    with pytest.raises(DataError, match="1 of 3 images have no tag: c") as caught:
        read_tags(csv(tmp_path / "few.csv", "a,road", "b,"), scenes, NAMES)
    assert read_tags(tmp_path / "few.csv", scenes, NAMES, complete=False) == {"a": {"road"}, "b": set(), "c": set()}
    assert "nothing but background gets a line without tags" in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "problem", "remedy"),
    [
        (["a,road", "b,rode", "c,road"], "line 2 has the tag 'rode', which is no class", "Did you mean road?"),
        (["a,xyz"], "line 1 has the tag 'xyz'", "The classes are road, low vegetation, water"),
        (["a,road", "b,road", "c,road", "z,road"], "1 entries are on images that do not exist: z", "Correct them"),
        (["a,road"], "2 of 3 images have no tag: b, c", "Add a line for each"),
        (["a,road", "b,", "c,"], "2 of 3 images have no tag: b, c", "Add their tags"),
        (["y,road", "z,road"], "nothing is said of any of the 3 images; what is named is y, z", "with or without"),
    ],
)
def test_what_is_refused(tmp_path: Path, scenes: list[Scene], lines: list[str], problem: str, remedy: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        read_tags(csv(tmp_path / "tags.csv", *lines), scenes, FULL)
    assert remedy in str(caught.value)


def test_lines_on_images_that_are_not_asked_for(tmp_path: Path, scenes: list[Scene]) -> None:
    file = csv(tmp_path / "tags.csv", "img/a.png,road", "b,road", "c.png,mill;water")
    assert read_tags(file, scenes[:1], FULL) == {"a": {"road"}}
    with pytest.raises(DataError, match="line 3 has the tag 'mill'"):
        read_tags(file, scenes, FULL)


def test_a_name_of_several_images(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "part.png" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    scenes = [Scene(f"{path.parent.name}/part", path, None) for path in paths]
    file = csv(tmp_path / "tags.csv", "one/part.png,road", "two/part,water")
    assert read_tags(file, scenes, FULL) == {"one/part": {"road"}, "two/part": {"water"}}
    with pytest.raises(DataError, match="line 1 is on part, which is the name of 2 images"):
        read_tags(csv(tmp_path / "tags.csv", "part,road"), scenes, FULL)


@pytest.fixture
def placed(write: Callable[..., Path]) -> list[Scene]:
    """Two images of 40 x 40 m side by side in UTM, and one far away."""
    origins = {"west": (500000, 5400000), "east": (500040, 5400000), "far": (510000, 5400000)}
    return [
        Scene(name, write(f"{name}.tif", np.zeros((40, 40), np.uint8), origin=origin), None)
        for name, origin in origins.items()
    ]


def geojson(path: Path, **places: list[tuple[float, ...]]) -> Path:
    """Points (x, y) and boxes (x0, y0, x1, y1) in UTM, written in longitude and latitude."""
    project = Transformer.from_crs(32632, 4326, always_xy=True).transform
    shapes = [(tag, box(*at) if len(at) == 4 else Point(at)) for tag, every in places.items() for at in every]
    features = [
        {
            "type": "Feature",
            "geometry": mapping(shapely.transform(shape, project, interleaved=False)),
            "properties": {"tag": tag},
        }
        for tag, shape in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_features_go_to_the_images_that_they_reach_into(tmp_path: Path, placed: list[Scene]) -> None:
    file = geojson(
        tmp_path / "tags.geojson",
        road=[(500010, 5399990)],
        water=[(500030, 5399970, 500050, 5399990)],
    )
    assert read_tags(file, placed[:2], FULL) == {"west": {"road", "water"}, "east": {"water"}}
    assert read_tags(file, placed, NAMES)["far"] == set()
    with pytest.raises(DataError, match="1 of 3 images have no tag: far"):
        read_tags(file, placed, FULL)
    with pytest.raises(DataError, match="nothing is said of any of the 1 images"):
        read_tags(file, placed[2:], NAMES)


def test_features_need_a_georeference(tmp_path: Path, placed: list[Scene], write: Callable[..., Path]) -> None:
    image = write("plain.tif", np.zeros((40, 40), np.uint8))
    with pytest.raises(DataError, match=r"cannot be placed on .*plain.tif, which has no georeference"):
        read_tags(geojson(tmp_path / "t.geojson", road=[(500010, 5399990)]), [Scene("plain", image, None)], FULL)


def test_stac_items_find_their_images(tmp_path: Path, scenes: list[Scene]) -> None:
    hrefs = {"a": "img/a.png", "x": "https://example.org/data/b.png", "c": "https://example.org/data/other.tif"}
    (tmp_path / "stac").mkdir()
    for name, href in hrefs.items():
        content = {"type": "Feature", "stac_version": "1.0.0", "id": name, "geometry": None}
        content |= {"properties": {"keywords": ["water"]}, "assets": {"image": {"href": f"../{href}"}}}
        if href.startswith("https"):
            content["assets"] = {"image": {"href": href}}
        (tmp_path / "stac" / f"{name}.json").write_text(json.dumps(content))
    assert read_tags(tmp_path / "stac", scenes, FULL) == {name: {"water"} for name in "abc"}


def test_tags_of_a_world(tmp_path: Path) -> None:
    names = write_world(tmp_path, scenes=2, size=64, gsd=0.5)
    scenes = [Scene(name, tmp_path / "opt" / f"{name}.tif", None) for name in names]
    found = read_tags(tmp_path / "tags.csv", scenes, load_legend("openearthmap-8").names)
    assert list(found) == names and all(found.values())


def test_tags_that_tell_nothing_apart(tmp_path: Path) -> None:
    same = dict.fromkeys("ab", frozenset({"road", "water"}))
    with pytest.raises(DataError, match=r"every one of the 2 images has the same tags \(road, water\)") as caught:
        check_tags(same, FULL, None, path=tmp_path / "tags.csv")
    assert "tags.csv" in str(caught.value)
    with pytest.raises(DataError, match=r"the same tags \(nothing\)"):
        check_tags({"a": frozenset()}, FULL, None)


def test_remarks_on_tags() -> None:
    tags = {"a": frozenset({"road", "water"}), "b": frozenset({"road"})}
    assert check_tags(tags, ("road", "water"), None) == (
        "road is in every image: tags alone cannot tell where it is; smaller images would help",
    )
    assert check_tags({**tags, "c": frozenset()}, FULL, "ground") == (
        "no image has low vegetation: nothing is learnt of it",
        "1 of 3 images have no tag: ground alone",
    )
    assert "leave them out" in check_tags({**tags, "c": frozenset()}, FULL, None)[-1]
