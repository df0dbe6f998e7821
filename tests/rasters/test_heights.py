from __future__ import annotations

import pickle

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError
from landwright.rasters import HeightTally, Window, open_heights, open_raster

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)
"""The grid of `make_raster`."""


@pytest.fixture
def like(make_raster):
    with open_raster(make_raster("image.tif", np.zeros((3, 6, 8), np.uint8))) as raster:
        return raster.info


def test_metres_with_nan_where_unknown(make_raster, like) -> None:
    heights = np.arange(48, dtype=np.float32).reshape(6, 8) - 3
    heights[0, :5] = np.nan, np.inf, 451, -32768, -9999
    heights[1, 0] = 450
    path = make_raster("h.tif", heights, nodata=-32768)
    with open_heights(path, like) as reader:
        read = reader.read(Window(0, 0, 2, 8))
        assert read.dtype == np.float32 and read.shape == (2, 8)
        assert np.isnan(read[0]).tolist() == [True] * 5 + [False] * 3
        assert read[0, 5:].tolist() == [2, 3, 4] and read[1, 0] == 450
        assert (reader.aligned, reader.shape, reader.notes) == ("exact", (6, 8), ())
        tally = HeightTally()
        reader.count(tally)
        assert (tally.pixels, tally.unknown, tally.beyond, tally.negative) == (48, 5, 2, 0)
        copy = pickle.loads(pickle.dumps(reader))
        np.testing.assert_array_equal(copy.read(), reader.read())
        copy.close()


@pytest.mark.parametrize("kind", [np.int16, np.float64])
def test_other_types_and_heights_below_0_are_kept(make_raster, like, kind) -> None:
    heights = np.full((6, 8), -2, kind)
    heights[0, 0] = np.iinfo(kind).min if kind is np.int16 else np.finfo(kind).min
    tally = HeightTally()
    with open_heights(make_raster("h.tif", heights, nodata=heights[0, 0]), like) as reader:
        assert np.isnan(reader.read()[0, 0]) and (reader.read().ravel()[1:] == -2).all()
        reader.count(tally)
    assert (tally.unknown, tally.beyond, tally.negative) == (1, 0, 47)


def test_another_grid_is_warped_and_nodata_does_not_blur(make_raster, like) -> None:
    ramp = np.repeat(np.arange(8, dtype=np.float32)[None], 8, axis=0)
    ramp[:, 6:] = -9999
    path = make_raster("h.tif", ramp, transform=PLACE @ Affine.scale(2), nodata=-9999)
    with open_heights(path, like) as reader:
        read = reader.read()
        assert reader.aligned == "warped"
    # Pixels of 2 m within cells of 4 m: values in between, a quarter of a cell off its centre.
    assert read[2, 1:7].tolist() == pytest.approx([0.25, 0.75, 1.25, 1.75, 2.25, 2.75], abs=0.02)
    path = make_raster("east.tif", ramp, transform=PLACE @ Affine.translation(4, 0), nodata=-9999)
    with open_heights(path, like) as reader:
        assert np.isnan(reader.read()[:, :4]).all() and np.isfinite(reader.read()[:, 4:]).all()
        assert any("covers 50.0% of the image" in note for note in reader.notes)


def test_what_cannot_be_read_as_heights(make_raster, like) -> None:
    with pytest.raises(DataError, match="has 2 bands; heights are one band"):
        open_heights(make_raster("two.tif", np.zeros((2, 6, 8), np.float32)), like)
    far = make_raster("far.tif", np.zeros((6, 8), np.float32), transform=PLACE @ Affine.translation(900, 0))
    with pytest.raises(DataError, match=r"far\.tif: does not overlap the image .*image\.tif"):
        open_heights(far, like)
    with pytest.raises(DataError, match="no such file"):
        open_heights(far.with_name("none.tif"), like)


@pytest.mark.parametrize(("unit", "noted"), [("ft", True), ("US survey foot", True), ("m", False), (None, False)])
def test_declared_feet_are_noted(make_raster, like, unit: str | None, noted: bool) -> None:
    import rasterio

    path = make_raster("h.tif", np.zeros((6, 8), np.float32))
    if unit:
        with rasterio.open(path, "r+") as file:
            file.units = (unit,)
    with open_heights(path, like) as reader:
        assert any("multiply it by 0.3048" in note for note in reader.notes) == noted
