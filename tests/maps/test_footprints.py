from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize

from landwright.errors import DataError
from landwright.maps.footprints import OutlineOptions, find_footprints, footprints, gather
from landwright.rasters import open_raster

METRES = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}


def write(path: Path, codes: np.ndarray, **options) -> Path:
    bands = np.atleast_3d(codes.T).T
    profile = {"driver": "GTiff", "count": len(bands), "height": codes.shape[-2], "width": codes.shape[-1]}
    with rasterio.open(path, "w", dtype=codes.dtype, **profile, **{**METRES, **options}) as file:
        file.write(bands)
    return path


def found(path: Path, code: int = 1, **options):
    with open_raster(path) as raster:
        return find_footprints(raster, code, **options)


def yards() -> np.ndarray:
    """Two buildings, the upper one with a court, and a speck of one pixel."""
    codes = np.zeros((60, 80), np.uint8)
    codes[5:25, 10:40] = 1
    codes[12:18, 20:30] = 0
    codes[30:50, 50:70] = 1
    codes[40, 5] = 1
    codes[55:, :] = 2
    return codes


def test_outlines_holes_and_areas(tmp_path):
    result = found(write(tmp_path / "map.tif", yards()))
    assert len(result.shapes) == 2
    assert result.small == 1
    assert result.areas == pytest.approx([(20 * 30 - 60) / 4, 100])
    upper, lower = result.shapes
    assert len(upper.interiors) == 1
    assert upper.bounds == (500_005, 5_299_987.5, 500_020, 5_299_997.5)
    assert lower.equals(shapely.box(500_025, 5_299_975, 500_035, 5_299_985))
    assert result.pixels[1].bounds == (50, 30, 70, 50)


def test_progress_and_the_smallest_area(tmp_path):
    calls = []
    result = found(write(tmp_path / "map.tif", yards()), min_area=0, progress=lambda *at: calls.append(at))
    assert len(result.shapes) == 3
    assert calls[-1] == (4800, 4800)
    assert len(found(write(tmp_path / "map.tif", yards()), min_area=120).shapes) == 1


def test_pixels_of_one_corner_and_nodata(tmp_path):
    codes = np.zeros((20, 20), np.uint8)
    codes[:10, :10] = codes[10:, 10:] = 1
    assert len(found(write(tmp_path / "map.tif", codes)).shapes) == 2
    assert len(found(write(tmp_path / "map.tif", codes, nodata=1)).shapes) == 0


def test_a_slanting_wall_becomes_a_line(tmp_path):
    house = shapely.affinity.rotate(shapely.box(20, 20, 60, 44), 27)
    path = write(tmp_path / "map.tif", rasterize([house], out_shape=(80, 80), dtype="uint8"))
    (steps,), (plain,), (rough,) = (found(path, simplify=by).pixels for by in (0, None, 2))
    assert len(steps.exterior.coords) > 60
    assert len(plain.exterior.coords) < 15
    assert plain.is_valid
    assert plain.area == pytest.approx(house.area, rel=0.03)
    assert plain.intersection(house).area / plain.union(house).area > 0.95
    assert rough.hausdorff_distance(steps) <= 4


def test_noise_gives_valid_polygons(tmp_path):
    codes = (np.random.default_rng(0).random((120, 120)) < 0.55).astype(np.uint8)
    result = found(write(tmp_path / "map.tif", codes), min_area=0)
    assert shapely.is_valid(result.shapes).all()


def test_degrees_mercator_and_feet_are_measured_on_the_ground(tmp_path):
    side = pyproj.Geod(ellps="WGS84")
    codes = np.ones((100, 100), np.uint8)
    degrees = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 10, 0, -1e-5, 50)}
    (area,) = found(write(tmp_path / "map.tif", codes, **degrees)).areas
    _, _, east = side.inv(10, 50, 10.001, 50)
    _, _, north = side.inv(10, 50, 10, 49.999)
    assert area == pytest.approx(east * north, rel=1e-3)
    mercator = {"crs": "EPSG:3857", "transform": Affine(1, 0, 1_113_195, 0, -1, 6_446_276)}
    (area,) = found(write(tmp_path / "map.tif", codes, **mercator)).areas
    assert area == pytest.approx(100 * 100 * np.cos(np.radians(50)) ** 2, rel=0.01)
    feet = {"crs": "EPSG:2263", "transform": Affine(1, 0, 984_250, 0, -1, 200_000)}
    (area,) = found(write(tmp_path / "map.tif", codes, **feet)).areas
    assert area == pytest.approx(100 * 100 * (1200 / 3937) ** 2)


def test_a_map_without_the_class(tmp_path):
    result = found(write(tmp_path / "map.tif", yards()), 9)
    assert len(result.shapes) == len(result.areas) == 0


def test_rasters_that_are_no_maps(tmp_path):
    with pytest.raises(DataError, match="float32"):
        found(write(tmp_path / "height.tif", np.zeros((20, 20), np.float32)))
    with pytest.raises(DataError, match="3 bands"):
        found(write(tmp_path / "image.tif", np.zeros((3, 20, 20), np.uint8)))
    with pytest.raises(DataError, match="place on the Earth"):
        found(write(tmp_path / "bare.tif", np.zeros((20, 20), np.uint8), crs=None))


def test_right_angles_are_those_on_the_ground_of_a_rotated_map(tmp_path):
    place = Affine.translation(500_000, 5_300_000) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5)
    path = write(tmp_path / "turned.tif", yards(), transform=place)
    options = OutlineOptions((1,), regularize=True)
    with open_raster(path) as raster:
        turned = gather(footprints(raster, options), raster.info)
    with open_raster(write(tmp_path / "plain.tif", yards())) as raster:
        plain = gather(footprints(raster, options), raster.info)
    assert turned.right is not None
    assert turned.right.tolist() == [True, True]
    np.testing.assert_allclose(turned.areas, plain.areas)
    for shape in turned.shapes:
        for ring in (shape.exterior, *shape.interiors):
            sides = np.diff(shapely.get_coordinates(ring), axis=0)
            assert np.abs((sides * np.roll(sides, 1, axis=0)).sum(axis=1)).max() < 1e-6


def test_a_map_without_a_pixel_of_its_class(tmp_path):
    assert len(found(write(tmp_path / "map.tif", yards()), code=9).shapes) == 0
