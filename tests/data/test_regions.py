"""Boxes from masks, vector files and published lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from landwright.data.regions import Box, inside, is_listing, mask_boxes, read_listing, vector_boxes
from landwright.errors import DataError
from landwright.rasters import open_raster

NAMES = ("field", "house", "road")


def test_every_connected_piece_of_a_class_gets_a_box() -> None:
    mask = np.full((20, 30), 255, np.uint8)
    mask[0:4, 0:6] = 1
    mask[4:8, 6:10] = 1  # touches the first at a corner: one piece
    mask[10:20, 20:30] = 0
    mask[15:20, 20:30] = 2
    boxes = mask_boxes(mask, NAMES, min_area=1, fill=0)
    assert boxes == [
        Box(0, 0, 10, 8, "house"),
        Box(20, 10, 30, 15, "field"),
        Box(20, 15, 30, 20, "road"),
    ]


def test_boxes_that_are_small_or_show_other_things_are_left_out() -> None:
    mask = np.zeros((16, 16), np.uint8)
    np.fill_diagonal(mask, 2)
    mask[0:2, 12:14] = 1
    every = {box.category for box in mask_boxes(mask, NAMES, min_area=1, fill=0)}
    assert every == {"field", "house", "road"}
    assert {box.category for box in mask_boxes(mask, NAMES, min_area=5, fill=0)} == {"field", "road"}
    assert {box.category for box in mask_boxes(mask, NAMES, min_area=1, fill=0.2)} == {"field", "house"}
    assert mask_boxes(np.full((4, 4), 255, np.uint8), NAMES, min_area=1, fill=0) == []


def geojson(path: Path, *features: tuple[list[float], dict[str, object]]) -> Path:
    listed = []
    for (left, bottom, right, top), properties in features:
        ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        listed.append({"type": "Feature", "geometry": geometry, "properties": properties})
    crs = {"type": "name", "properties": {"name": "EPSG:32632"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": listed}))
    return path


def test_polygons_become_boxes_in_the_images_pixels(write, tmp_path: Path) -> None:
    path = write("image.tif", np.ones((3, 40, 60), np.uint8), origin=(500000, 5000000))
    vectors = geojson(
        tmp_path / "objects.geojson",
        ([500010, 4999980, 500020, 4999995], {"category": " ship "}),
        ([500050, 4999990, 500090, 5000010], {"category": "harbour"}),
        ([600000, 4999990, 600010, 5000000], {"category": "elsewhere"}),
    )
    with open_raster(path) as raster:
        info = raster.info
    assert vector_boxes(vectors, info, "category") == [
        Box(10, 5, 20, 20, "ship"),
        Box(50, 0, 60, 10, "harbour"),
    ]
    with pytest.raises(DataError, match=r"no attribute 'kind'.*it has category"):
        vector_boxes(vectors, info, "kind")
    flat = write("flat.tif", np.ones((3, 40, 60), np.uint8))
    with open_raster(flat) as raster, pytest.raises(DataError, match="no georeference"):
        vector_boxes(vectors, raster.info, "category")


def test_a_published_list_holds_captions_and_boxes(tmp_path: Path) -> None:
    path = tmp_path / "mgrs.json"
    segment = {"bbox": {"x1": 30, "y1": 40, "x2": 10, "y2": 20, "W": 64, "H": 64}, "category": "ship "}
    path.write_text(
        json.dumps(
            [
                {"global_filepath": "a/x.png", "brief_caption": "a harbour", "segment": [segment]},
                {"global_filepath": "b/y.png", "global_caption": "", "detailed_caption": "a field"},
            ]
        )
    )
    assert is_listing(path)
    first, second = read_listing(path)
    assert first == ("a/x.png", "a harbour", (Box(10, 20, 30, 40, "ship"),))
    assert second == ("b/y.png", "a field", ())
    assert not is_listing(tmp_path / "some.gpkg")
    assert not is_listing(geojson(tmp_path / "vectors.json"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[{}]", "entry 1 is not as in MGRS-200k: KeyError"),
        ('[{"global_filepath": "a", "segment": [{"bbox": {"x1": 0}}]}]', "entry 1"),
        ("[3]", "entry 1"),
        ("nonsense", "cannot be read as JSON"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    with pytest.raises(DataError, match=problem):
        read_listing(path)


def test_boxes_of_a_window_are_cut_and_moved() -> None:
    boxes = [Box(0, 0, 10, 10, "a"), Box(14, 10, 24, 20, "b"), Box(30, 30, 90, 90, "c")]
    assert inside(boxes, 4, 0, 16, 16) == [Box(0, 0, 6, 10, "a")]
    assert inside(boxes, 10, 10, 20, 20) == [Box(4, 0, 14, 10, "b")]
    assert boxes[0].scaled(0.5) == Box(0, 0, 5, 5, "a")
    assert boxes[2].area == 3600
