"""Tags made of masks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landwright.data.scene import Scene
from landwright.data.tags import read_tags
from landwright.errors import DataError, UsageError
from landwright.legends import Legend
from landwright.prepare.tags import prepare_tags

Make = Callable[..., Path]


def codes(**pixels: int) -> np.ndarray:
    """A mask of 10 x 10 with that many pixels of codes 1, 2 and 5; the rest is nodata."""
    flat = np.zeros(100, np.uint8)
    start = 0
    for code, count in pixels.items():
        flat[start : start + count] = int(code[1:])
        start += count
    return flat.reshape(10, 10)


@pytest.fixture
def masks(make_labels: Make, tmp_path: Path) -> Path:
    make_labels("a_label.tif", codes(c1=50, c2=20, c5=3))
    make_labels("b_label.tif", codes(c1=100))
    for name in ("a", "b"):
        (tmp_path / "images").mkdir(exist_ok=True)
        make_labels(f"images/{name}.tif", np.zeros((10, 10)))
    return tmp_path


@pytest.mark.parametrize(
    ("limits", "first"),
    [
        ({}, "class 1;class 2;class 5"),
        ({"min_pixels": 4}, "class 1;class 2"),
        ({"min_share": 0.2}, "class 1;class 2"),
        ({"min_pixels": 21, "min_share": 0.01}, "class 1"),
    ],
)
def test_limits(masks: Path, three: Legend, limits: dict[str, float], first: str) -> None:
    seen: list[tuple[int, int]] = []
    result = prepare_tags(
        str(masks / "*_label.tif"),
        masks / "out" / "tags.csv",
        legend=three,
        progress=lambda done, total: seen.append((done, total)),
        **limits,  # type: ignore[arg-type]
    )
    assert result.path.read_text().splitlines() == ["image,tags", f"a_label,{first}", "b_label,class 1"]
    assert seen == [(1, 2), (2, 2)]
    assert json.loads(json.dumps(result.to_dict()))["counts"]["class 1"] == 2
    assert "class 1 is in every image" in result.notes[0]


def test_the_file_can_be_read_again(masks: Path, three: Legend) -> None:
    images = sorted((masks / "images").iterdir())
    out = masks / "tags" / "tags.csv"
    result = prepare_tags(str(masks / "*_label.tif"), out, legend=three, images=masks / "images", background="class 1")
    assert out.read_text().splitlines() == ["image,tags", "../images/a.tif,class 2;class 5", "../images/b.tif,"]
    assert result.notes == ("1 of 2 images have no tag: class 1 alone",)
    scenes = [Scene(path.stem, path, None) for path in images]
    assert read_tags(out, scenes, three.names, background="class 1") == {"a": {"class 2", "class 5"}, "b": set()}


def test_polygons(masks: Path, three: Legend) -> None:
    square = [[500000, 5000000], [500050, 5000000], [500050, 4999950], [500000, 4999950], [500000, 5000000]]
    feature = {
        "type": "Feature",
        "properties": {"kind": "class 2"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    content = {"type": "FeatureCollection", "features": [feature]}
    content["crs"] = {"type": "name", "properties": {"name": "EPSG:32631"}}
    path = masks / "areas.geojson"
    path.write_text(json.dumps(content))
    out = masks / "tags.csv"
    prepare_tags(path, out, legend=three, images=masks / "images", min_pixels=25, field="kind")
    assert out.read_text().splitlines()[1:] == ["images/a.tif,class 2", "images/b.tif,class 2"]
    with pytest.raises(UsageError, match=r"areas.geojson: holds polygons.*--images"):
        prepare_tags(path, out, legend=three, field="kind")


def test_what_is_refused(masks: Path, three: Legend, make_labels: Make) -> None:
    out = masks / "tags.csv"
    for limits in ({"min_pixels": 0}, {"min_share": 1.5}):
        with pytest.raises(UsageError, match="a tag cannot ask for"):
            prepare_tags(masks, out, legend=three, **limits)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not the first class"):
        prepare_tags(masks, out, legend=three, background="class 5")
    make_labels("a_label.tif", codes(c1=5, c9=7))
    with pytest.raises(DataError, match="codes that legend three does not have: 9"):
        prepare_tags(masks, out, legend=three)
    assert not out.exists()
