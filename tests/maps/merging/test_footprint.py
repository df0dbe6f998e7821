from __future__ import annotations

import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from landwright.maps.merging.footprint import box_of, footprint


def at(crs: str, transform: Affine, height: int, width: int):
    found = footprint(CRS.from_user_input(crs), transform, height, width)
    assert found is not None
    shape = shapely.geometry.shape(found.geometry)
    assert shape.is_valid
    return shape, found.bbox


def test_a_place_in_europe():
    shape, bbox = at("EPSG:32632", Affine(10, 0, 500_000, 0, -10, 5_300_000), 1000, 2000)
    assert bbox == pytest.approx((9.0, 47.76, 9.27, 47.85), abs=0.01)
    assert shape.exterior.is_ccw
    # Its edges are not straight in degrees.
    assert len(shape.exterior.coords) > 20


def test_across_the_antimeridian():
    shape, bbox = at("EPSG:3832", Affine(1000, 0, 2.5e6, 0, -1000, 1e6), 500, 2000)
    assert shape.geom_type == "MultiPolygon"
    assert bbox[0] == pytest.approx(172.46, abs=0.01) and bbox[2] == pytest.approx(-169.6, abs=0.1)
    assert [round(part.bounds[2] - part.bounds[0]) for part in shape.geoms] in ([8, 10], [10, 8])


def test_degrees_beyond_180():
    shape, bbox = at("EPSG:4326", Affine(0.01, 0, 179, 0, -0.01, 10), 100, 200)
    assert shape.area == pytest.approx(2)
    assert bbox == (179, 9, -179, 10)
    _, bbox = at("EPSG:4326", Affine(1, 0, 200, 0, -1, 10), 10, 20)
    assert bbox == (-160, 0, -140, 10)


def test_the_whole_globe():
    _, bbox = at("EPSG:4326", Affine(1, 0, -180, 0, -1, 90), 180, 360)
    assert bbox == (-180, -90, 180, 90)


def test_the_pole():
    shape, bbox = at("EPSG:3031", Affine(1000, 0, -500_000, 0, -1000, 500_000), 1000, 1000)
    assert bbox[1] < -83 and not shape.is_empty


def test_no_place_on_the_globe():
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    assert footprint(CRS.from_wkt(local), Affine.scale(1, -1), 10, 10) is None


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(1, 2, 3, 4), (-5, 1, 0, 3)], (-5, 1, 3, 4)),
        ([(170, 0, 180, 1), (-180, 0, -170, 1)], (170, 0, -170, 1)),
        ([(175, 0, -178, 1), (170, 0, 175, 1)], (170, 0, -178, 1)),
        ([(-180, 0, -90, 1), (-90, 0, 0, 1), (0, 0, 90, 1), (90, 0, 180, 1)], (-180, 0, 180, 1)),
        ([(179, 0, 180, 1), (-179.9, 0, -170, 1)], (179, 0, -170, 1)),
        ([(-180, 0, -170, 1)], (-180, 0, -170, 1)),
        ([(175, 0, -178, 1)], (175, 0, -178, 1)),
        ([(10, 0, 20, 1), (175, 0, -178, 1)], (10, 0, -178, 1)),
    ],
)
def test_the_box_of_boxes(boxes, expected):
    assert box_of(boxes) == expected
