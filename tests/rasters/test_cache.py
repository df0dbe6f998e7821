from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.env import getenv

from landwright.rasters import cache, open_raster, write_cog
from landwright.rasters.gdal import settings, without_georeference_warning
from landwright.rasters.raster import Grid, Raster
from landwright.rasters.window import Window

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

MIB = 2**20


@pytest.fixture(autouse=True)
def nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_needs", {})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Three bands of 512 x 512 blocks, seven rows of two."""
    path = tmp_path / "image.tif"
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True}
    profile = {"driver": "GTiff", "count": 3, "height": 7 * 512, "width": 1024, "dtype": "uint8"}
    with without_georeference_warning(), rasterio.open(path, "w", **profile, **layout):
        pass
    return path


@pytest.fixture
def georeferenced(tmp_path: Path) -> Path:
    path = tmp_path / "place.tif"
    write_cog(path, np.ones((16, 16), np.uint8), crs=CRS.from_epsg(32632), transform=Affine(1, 0, 0, 0, -1, 16))
    return path


def test_the_cache_holds_the_blocks_that_a_window_touches(image: Path) -> None:
    assert cache.cache_bytes() == 64 * MIB, "nobody says what is read"
    with open_raster(image) as raster:
        raster.read_with_valid(Window(0, 0, 512, 1024))
        one_row = 3 * 512 * 1024
        assert cache.cache_bytes() == 8 * MIB + one_row
        raster.read_with_valid(Window(500, 0, 512, 1024))
        assert cache.cache_bytes() == 8 * MIB + 2 * one_row
        raster.read(Window(0, 0, 1, 1))
        assert cache.cache_bytes() == 8 * MIB + 2 * one_row, "the largest window counts"
        with open_raster(image) as another:
            another.read(Window(0, 0, 1, 1))
            assert cache.cache_bytes() == 8 * MIB + 2 * one_row + one_row // 2
        assert cache.cache_bytes() == 8 * MIB + 2 * one_row
    assert cache.cache_bytes() == 64 * MIB, "what is closed needs nothing"


def test_a_raster_that_nobody_closes_is_forgotten_in_the_end(image: Path) -> None:
    raster = open_raster(image)
    raster.read(Window(0, 0, 1, 1))
    assert cache.cache_bytes() < cache.MOST
    del raster
    gc.collect()
    assert cache.cache_bytes() == cache.MOST


def test_threads_may_read_while_others_open(image: Path) -> None:
    def read(row: int) -> int:
        with open_raster(image) as raster:
            return int(raster.read(Window(row, 0, 1, 4)).sum())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(400))) == [0] * 400
    assert cache.cache_bytes() == cache.MOST


def test_it_is_never_larger_than_64_mib(tmp_path: Path) -> None:
    path = tmp_path / "wide.tif"
    write_cog(path, np.zeros((9, 2560, 4096), np.uint8))
    with open_raster(path) as raster:
        raster.read_valid()
        assert cache.cache_bytes() == cache.MOST


def test_of_warped_rasters_other_blocks_are_read_than_asked_for(georeferenced: Path) -> None:
    with open_raster(georeferenced) as raster:
        info = raster.info
    assert info.crs is not None
    with Raster(georeferenced, grid=Grid(info.crs, info.transform, 8, 8)) as warped:
        warped.read(Window(0, 0, 1, 1))
        assert cache.cache_bytes() == cache.MOST


def test_gdal_is_told(image: Path) -> None:
    with open_raster(image) as raster:
        raster.read(Window(0, 0, 1, 1))
        with settings(str(image)):
            assert getenv()["GDAL_CACHEMAX"] == cache.cache_bytes() < cache.MOST
