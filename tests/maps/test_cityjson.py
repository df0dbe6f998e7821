from __future__ import annotations

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.features import shapes
from shapely.affinity import rotate

from landwright.errors import DataError
from landwright.maps.cityjson import Block, city_json, reference_system
from landwright.rasters import RasterInfo, open_raster

SCHEMA = "LANDWRIGHT_CITYJSON_SCHEMA"
HOUSE = shapely.box(500_010, 5_300_010, 500_020, 5_300_018)
COURT = shapely.box(500_030, 5_300_000, 500_060, 5_300_020) - shapely.box(500_040, 5_300_005, 500_050, 5_300_015)
PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_100)


def info(tmp_path: Path, crs: Any = "EPSG:32632", place: Affine = PLACE) -> RasterInfo:
    path = tmp_path / "map.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 200, "width": 200, "dtype": "uint8", "crs": crs}
    with rasterio.open(path, "w", transform=place, **profile):
        pass
    with open_raster(path) as raster:
        return raster.info


def made(tmp_path: Path, *blocks: Block) -> dict[str, Any]:
    return city_json(blocks, info(tmp_path), title="test")


def places(content: dict[str, Any]) -> np.ndarray:
    transform = content["transform"]
    return np.array(content["vertices"]) * transform["scale"] + transform["translate"]


def solids(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return content["CityObjects"][name]["geometry"]


def assert_closed(solid: dict[str, Any]) -> None:
    """Every edge belongs to exactly two faces, which run along it in opposite directions."""
    (shell,) = solid["boundaries"]
    edges = Counter((ring[at - 1], ring[at]) for surface in shell for ring in surface for at in range(len(ring)))
    assert set(edges.values()) == {1}
    assert all((end, start) in edges for start, end in edges)


def volume(solid: dict[str, Any], vertices: np.ndarray) -> float:
    """Volume after Gauss: positive only where the surfaces face outwards."""
    total = 0.0
    vertices = vertices - vertices.mean(axis=0)
    for surface in solid["boundaries"][0]:
        for ring in surface:
            first, *rest = vertices[ring]
            total += sum(np.dot(first, np.cross(a, b)) for a, b in pairwise(rest)) / 6
    return total


def test_a_house_and_one_with_a_court(tmp_path):
    content = made(tmp_path, Block("a", HOUSE, 100.25, 106.5, {"height_m": 6.25}), Block("b", COURT, 99.0, 119.0, {}))
    assert content["type"] == "CityJSON"
    assert content["version"] == "2.0"
    assert content["metadata"] == {
        "title": "test",
        "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/32632",
        "geographicalExtent": [500_010, 5_300_000, 99, 500_060, 5_300_020, 119],
    }
    assert all(isinstance(value, int) for vertex in content["vertices"] for value in vertex)
    assert len(content["vertices"]) == 8 + 16
    vertices = places(content)
    for name, ground, height in (("a", HOUSE, 6.25), ("b", COURT, 20.0)):
        (solid,) = solids(content, name)
        assert (solid["type"], solid["lod"]) == ("Solid", "1")
        assert_closed(solid)
        assert volume(solid, vertices) == pytest.approx(ground.area * height, rel=1e-9)
    assert content["CityObjects"]["a"]["attributes"] == {"height_m": 6.25}


def test_surfaces_say_what_they_are(tmp_path):
    content = made(tmp_path, Block("b", COURT, 0.0, 10.0, {}))
    (solid,) = solids(content, "b")
    names = [surface["type"] for surface in solid["semantics"]["surfaces"]]
    (values,) = solid["semantics"]["values"]
    (shell,) = solid["boundaries"]
    assert len(values) == len(shell) == 2 + 8
    vertices = places(content)
    for value, surface in zip(values, shell, strict=True):
        heights = {vertices[vertex][2] for ring in surface for vertex in ring}
        expected = {"GroundSurface": {0.0}, "RoofSurface": {10.0}, "WallSurface": {0.0, 10.0}}
        assert heights == expected[names[value]]
        assert len(surface) == (1 if names[value] == "WallSurface" else 2)


def test_a_footprint_of_several_parts_has_several_solids(tmp_path):
    content = made(tmp_path, Block("a", shapely.MultiPolygon([HOUSE, rotate(COURT, 30)]), 0.0, 3.0, {}))
    parts = solids(content, "a")
    assert len(parts) == 2
    for part in parts:
        assert_closed(part)
    assert sum(volume(part, places(content)) for part in parts) == pytest.approx(
        3 * (HOUSE.area + COURT.area), rel=1e-3
    )


def test_rings_that_touch_are_moved_apart(tmp_path):
    """Diagonal holes of noise touch the outline and each other in thousands of corners."""
    mask = (np.random.default_rng(0).random((60, 60)) < 0.6).astype(np.uint8)
    found = [shapely.geometry.shape(polygon) for polygon, _ in shapes(mask, mask == 1, transform=PLACE) if polygon]
    content = made(tmp_path, *(Block(str(at), polygon, 0.0, 4.0, {}) for at, polygon in enumerate(found)))
    vertices = places(content)
    for at, polygon in enumerate(found):
        for part in solids(content, str(at)):
            assert_closed(part)
        built = sum(volume(part, vertices) for part in solids(content, str(at)))
        assert built == pytest.approx(4 * polygon.area, rel=0.1)


def test_no_building_at_all(tmp_path):
    content = made(tmp_path)
    assert content["CityObjects"] == {}
    assert content["vertices"] == []
    assert "geographicalExtent" not in content["metadata"]


@pytest.mark.parametrize(
    ("crs", "place", "says"),
    [
        (None, Affine.identity(), "projected"),
        ("EPSG:4326", Affine(1e-5, 0, 10, 0, -1e-5, 50), "projected"),
        ("EPSG:2263", PLACE, "US survey foot"),
        ("EPSG:3857", Affine(0.5, 0, 1_000_000, 0, -0.5, 6_000_000), "wide"),
        ("+proj=tmerc +lat_0=40 +lon_0=9 +ellps=GRS80", Affine(0.5, 0, 100, 0, -0.5, 100), "no code"),
    ],
)
def test_reference_systems_that_do_not_fit(tmp_path, crs, place, says):
    with pytest.raises(DataError, match=says) as caught:
        reference_system(info(tmp_path, crs, place))
    assert "gdalwarp" in str(caught.value)


def test_the_official_schema(tmp_path):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with the extra dev")
    schema = os.environ.get(SCHEMA)
    if schema is None:
        pytest.skip(f"{SCHEMA} does not name the file cityjson.min.schema.json of cityjson.org")
    content = made(tmp_path, Block("a", HOUSE, 0.0, 5.0, {"class": "building"}), Block("b", COURT, 1.5, 9.0, {}))
    # As it is written: tuples and numpy's numbers would be no JSON.
    jsonschema.validate(json.loads(json.dumps(content)), json.loads(Path(schema).read_text(encoding="utf-8")))
    jsonschema.validate(made(tmp_path), json.loads(Path(schema).read_text(encoding="utf-8")))
