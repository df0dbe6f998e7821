from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError
from landwright.maps.building_heights import building_heights
from landwright.maps.footprints import Footprints, find_footprints
from landwright.rasters import open_raster

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
COARSE = Affine(2, 0, 499_980, 0, -2, 5_300_020)


def write(path: Path, values: np.ndarray, place: Affine = PLACE, **options) -> Path:
    bands = values[None] if values.ndim == 2 else values
    profile = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(
        path, "w", dtype=values.dtype, **profile, **{"crs": "EPSG:32632", "transform": place, **options}
    ) as file:
        file.write(bands)
    return path


@pytest.fixture
def footprints(tmp_path):
    """Two buildings of 10 x 10 m and 15 x 10 m."""
    codes = np.zeros((80, 120), np.uint8)
    codes[10:30, 10:30] = 1
    codes[40:60, 50:80] = 1
    with open_raster(write(tmp_path / "map.tif", codes)) as raster:
        return find_footprints(raster, 1)


def ndsm(tmp_path, **options) -> Path:
    heights = np.zeros((80, 120), np.float32)
    heights[10:30, 10:30] = 6
    heights[40:60, 50:80] = np.linspace(4, 10, 30)
    heights[45, 60] = 90  # a crane
    return write(tmp_path / "height.tif", heights, **options)


def test_a_flat_roof_and_a_slanting_one(tmp_path, footprints):
    result = building_heights(footprints, ndsm(tmp_path))
    assert result.base.tolist() == [0, 0]
    assert result.height[0] == result.mean[0] == pytest.approx(6)
    assert result.height[1] == pytest.approx(4 + 0.9 * 6, abs=0.25)
    assert result.mean[1] == pytest.approx(7, abs=0.2)
    assert result.pixels == pytest.approx([400, 600])
    assert result.share == pytest.approx([1, 1])
    assert building_heights(footprints, ndsm(tmp_path), percentile=50).height[1] == pytest.approx(7, abs=0.15)


def test_the_base_is_low_ground_along_the_walls(tmp_path, footprints):
    """A slope of 1 in 10 to the east, unknown under the buildings."""
    columns = np.tile(np.arange(60, dtype=np.float64) * 0.2 + 1000, (60, 1))
    columns[13:23, 13:23] = -9999
    terrain = write(tmp_path / "ground.tif", columns, COARSE, nodata=-9999)
    result = building_heights(footprints, ndsm(tmp_path), ground=terrain)
    assert result.base == pytest.approx([1002.4, 1004.4], abs=0.35)
    assert not [note for note in result.notes if "ground.tif" in note]


def test_unknown_heights_and_unknown_ground(tmp_path, footprints):
    heights = np.full((80, 120), -9999, np.float32)
    heights[10:20, 10:30] = 5
    path = write(tmp_path / "height.tif", heights, nodata=-9999)
    far = write(tmp_path / "ground.tif", np.full((30, 30), 7, np.float32), Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000))
    result = building_heights(footprints, path, ground=far)
    assert result.share[0] == pytest.approx(0.5)
    assert result.height[0] == 5
    assert np.isnan(result.height[1])
    assert result.pixels[1] == 0
    assert result.base[0] == 7
    assert np.isnan(result.base[1])
    assert [note for note in result.notes if "ground.tif: covers" in note]


def test_heights_of_another_grid(tmp_path, footprints):
    path = write(tmp_path / "height.tif", np.full((40, 60), 8, np.float32), COARSE)
    assert building_heights(footprints, path).height == pytest.approx([8, 8])


def test_rasters_that_do_not_fit(tmp_path, footprints):
    several = write(tmp_path / "several.tif", np.zeros((2, 80, 120), np.float32))
    elsewhere = write(tmp_path / "far.tif", np.zeros((80, 120), np.float32), Affine(0.5, 0, 1_000, 0, -0.5, 9_000))
    good = ndsm(tmp_path)
    for height, ground in ((several, None), (good, several)):
        with pytest.raises(DataError, match=r"several\.tif.*2 bands"):
            building_heights(footprints, height, ground=ground)
    for height, ground in ((elsewhere, None), (good, elsewhere)):
        with pytest.raises(DataError, match=r"far\.tif.*does not overlap"):
            building_heights(footprints, height, ground=ground)


def test_lidar_against_published_heights(shared, tmp_path):
    """Alexandria: surface minus terrain from lidar, against the HEIGHT published with the same footprints."""
    folder = shared / "data" / "elevation"
    with rasterio.open(folder / "dc_dsm.tif") as dsm, rasterio.open(folder / "dc_dtm.tif") as dtm:
        above = (dsm.read(1, masked=True) - dtm.read(1, masked=True)).filled(-9999).astype(np.float32)
        place, crs = dsm.transform, dsm.crs
    height = write(tmp_path / "height.tif", above, place, crs=crs, nodata=-9999)
    houses = geopandas.read_file(folder / "dc_buildings.geojson").to_crs(crs.to_wkt())
    houses = houses[houses.HEIGHT.notna()].reset_index()
    grid = np.zeros((above.shape[0] * 4, above.shape[1] * 4), np.uint8)
    with open_raster(write(tmp_path / "map.tif", grid, place @ Affine.scale(0.25), crs=crs)) as map_:
        info = map_.info
    inverse = ~info.transform
    pixels = houses.geometry.affine_transform([inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f])
    shapes = houses.geometry.to_numpy()
    found = Footprints(pixels.to_numpy(), shapes, houses.geometry.area.to_numpy(), 0, info)
    result = building_heights(found, height, ground=folder / "dc_dtm.tif")
    error = result.height - houses.HEIGHT.to_numpy()
    assert np.abs(error).mean() < 1.2
    assert np.corrcoef(result.height, houses.HEIGHT)[0, 1] > 0.9
    assert np.isfinite(result.base).all()
