from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError
from landwright.rasters import RasterInfo, open_raster
from landwright.rasters.grids import grid_of, needs_warp, overlap, same_grid

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)  # the grid of `make_raster`


@pytest.fixture
def info(make_raster):
    def make(transform: Affine = PLACE, shape: tuple[int, int] = (20, 30), **options: object) -> RasterInfo:
        name = f"{abs(hash((transform, shape, str(options))))}.tif"
        with open_raster(make_raster(name, np.zeros((1, *shape), np.uint8), transform=transform, **options)) as raster:
            return raster.info

    return make


def shifted(cols: float, rows: float = 0) -> Affine:
    return PLACE @ Affine.translation(cols, rows)


def test_same(info) -> None:
    assert same_grid(info(), info())
    assert same_grid(info(), info(shifted(0.009)))
    assert not same_grid(info(), info(shifted(0.02)))
    assert not same_grid(info(), info(shape=(20, 31)))
    assert not same_grid(info(), info(crs="EPSG:32632"))
    # A pixel size that differs a little adds up towards the far corner.
    assert not same_grid(info(), info(PLACE @ Affine.scale(1.001)))
    assert grid_of(info())[1:] == (PLACE, 20, 30)


def test_overlap(info) -> None:
    assert overlap(info(), info()) == pytest.approx(1)
    assert overlap(info(shifted(15)), info()) == pytest.approx(0.5)
    assert overlap(info(shifted(30)), info()) == 0
    assert overlap(info(PLACE @ Affine.rotation(90)), info()) == 0


def test_needs_warp(info) -> None:
    assert not needs_warp(info(), info())
    assert needs_warp(info(shifted(0.5)), info())
    with pytest.raises(DataError, match="does not overlap the image"):
        needs_warp(info(shifted(31)), info())


def test_without_georeference_sizes_decide(info) -> None:
    bare = info(transform=None, crs=None)
    other = info(shape=(20, 31), transform=None, crs=None)
    assert not needs_warp(bare, bare)
    assert not needs_warp(bare, info())
    assert not needs_warp(info(), bare)
    for label, image in ((bare, other), (other, info()), (info(), other)):
        with pytest.raises(DataError, match=r"has 3\d x 20 pixels but the image"):
            needs_warp(label, image)


def test_real_series_is_misaligned(shared: Path) -> None:
    infos = []
    for path in sorted((shared / "data" / "naip_series").glob("*.tif")):
        with open_raster(path) as raster:
            infos.append(raster.info)
    first, *others = infos
    for other in others:
        assert needs_warp(other, first)
        assert 0.99 < overlap(other, first) < 1
