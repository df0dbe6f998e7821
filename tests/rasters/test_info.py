from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.rasters import Window, open_raster


def test_fields(make_raster) -> None:
    path = make_raster(
        "a.tif",
        np.ones((2, 40, 64), np.uint16),
        nodata=7,
        tiled=True,
        blockxsize=32,
        blockysize=16,
        compress="deflate",
        descriptions=["one", "two"],
    )
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
    with open_raster(path, bands=[2]) as raster:
        info = raster.info
    assert (info.width, info.height, info.count, info.dtype, info.nodata) == (64, 40, 2, "uint16", 7)
    assert (info.block, info.compression, info.overviews, info.driver) == ((16, 32), "deflate", (2, 4), "GTiff")
    assert info.georeferenced
    assert info.gsd == 2
    assert info.notes == ()
    assert info.descriptions == ("one", "two")


def test_window_transform(make_raster) -> None:
    with open_raster(make_raster("a.tif", np.ones((1, 4, 4), np.uint8))) as raster:
        assert raster.info.window_transform(Window(1, 2, 1, 1)) == Affine(2, 0, 500004, 0, -2, 4999998)


def test_plain_notes(make_raster) -> None:
    path = make_raster("a.tif", np.ones((1, 40, 64), np.uint8), blockysize=8)
    with rasterio.open(path, "r+") as file:
        file.scales = (0.5,)
    with open_raster(path) as raster:
        assert raster.info.notes == (
            "striped, 8 rows a strip: every window reads whole rows",
            "the file declares a scale or offset: stored values are read, not scaled ones",
        )


def test_large_picture(make_raster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("landwright.rasters.info._LARGE", 100)
    with open_raster(make_raster("a.png", np.ones((1, 40, 64), np.uint8))) as raster:
        assert any("decoded from the top" in note for note in raster.info.notes)


def test_information_travels(make_raster) -> None:
    import pickle

    with open_raster(make_raster("a.tif", np.ones((1, 4, 4), np.uint8))) as raster:
        assert pickle.loads(pickle.dumps(raster.info)) == raster.info
