from __future__ import annotations

import math

import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from landwright.rasters.gsd import ground_resolution, suited_gsd

SHAPE = (100, 200)


def placed(crs: str, lon: float, lat: float, size: float) -> Affine:
    """A transform of square pixels whose raster has its centre at a place on Earth."""
    (x,), (y,) = transform("EPSG:4326", crs, [lon], [lat])
    return Affine.translation(x - 100 * size, y + 50 * size) @ Affine.scale(size, -size)


@pytest.mark.parametrize(
    ("crs", "lon", "lat"), [("EPSG:32631", 3, 50), ("EPSG:26910", -123, 44), ("EPSG:25832", 9, 51)]
)
def test_true_projections_keep_the_nominal_size(crs: str, lon: float, lat: float) -> None:
    assert ground_resolution(CRS.from_string(crs), placed(crs, lon, lat, 0.5), SHAPE) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("lat", [25, 48, -60])
def test_web_mercator_shrinks(lat: float) -> None:
    gsd = ground_resolution(CRS.from_epsg(3857), placed("EPSG:3857", 10, lat, 1.0), SHAPE)
    # The ellipsoid differs from the sphere of the cosine rule by at most 0.4 %.
    assert gsd == pytest.approx(math.cos(math.radians(lat)), rel=4e-3)


def test_degrees() -> None:
    gsd = ground_resolution(CRS.from_epsg(4326), placed("EPSG:4326", 20, 60, 1e-5), SHAPE)
    assert gsd == pytest.approx(111320e-5 * math.sqrt(math.cos(math.radians(60))), rel=4e-3)


def test_feet() -> None:
    crs = CRS.from_epsg(2994)  # Oregon Lambert, international feet
    assert ground_resolution(crs, placed("EPSG:2994", -123, 44, 1.0), SHAPE) == pytest.approx(0.3048, rel=5e-3)


def test_rotated_and_oblong() -> None:
    crs = CRS.from_epsg(32631)
    turned = placed("EPSG:32631", 3, 50, 1.0) @ Affine.rotation(30) @ Affine.scale(0.5, 2.0)
    assert ground_resolution(crs, turned, SHAPE) == pytest.approx(1.0, rel=5e-3)


def test_local_coordinates() -> None:
    crs = CRS.from_wkt('LOCAL_CS["site",UNIT["foot",0.3048]]')
    assert ground_resolution(crs, Affine.scale(2, -2), SHAPE) == pytest.approx(0.6096)


def test_nonsense_has_no_size() -> None:
    assert ground_resolution(CRS.from_epsg(32631), Affine.translation(1e30, 1e30), SHAPE) is None


@pytest.mark.parametrize(
    ("gsd", "suited"), [(0.1, 0.3), (0.29, None), (0.3, None), (0.7, None), (1.04, None), (2.0, 1.0), (None, None)]
)
def test_suited_ground_size(gsd: float | None, suited: float | None) -> None:
    assert suited_gsd(gsd, (0.3, 1.0)) == suited
