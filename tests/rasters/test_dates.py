from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError
from landwright.rasters import Window, open_before, open_raster

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)
"""The grid of `make_raster`."""


@pytest.fixture
def ramp() -> np.ndarray:
    return np.stack([np.repeat(np.arange(8, dtype=np.float32)[None] * 10, 6, axis=0)] * 2)


@pytest.fixture
def after(make_raster, ramp):
    with open_raster(make_raster("after.tif", ramp)) as raster:
        return raster.info


def test_the_same_grid_is_read_as_it_is(make_raster, ramp, after) -> None:
    raster, notes = open_before(make_raster("before.tif", ramp + 1), after, bands=[2])
    with raster:
        np.testing.assert_array_equal(raster.read(), ramp[:1] + 1)
    assert notes == ()
    bare, _ = open_before(make_raster("bare.tif", ramp, bare=True), after)
    with bare:
        np.testing.assert_array_equal(bare.read(), ramp)


@pytest.mark.parametrize("shift", [0.25, 0.5])
def test_up_to_half_a_pixel_is_aligned(make_raster, ramp, after, shift: float) -> None:
    path = make_raster("before.tif", ramp, transform=PLACE @ Affine.translation(shift, 0))
    raster, notes = open_before(path, after)
    with raster:
        # What lies at column c of the later image is between columns c - 1 and c of the earlier one.
        assert raster.read(Window(2, 2, 1, 4))[0, 0].tolist() == pytest.approx(
            [10 * (column - shift) for column in range(2, 6)], abs=0.2
        )
    assert any(f"{shift:.2f} pixels off" in note for note in notes)


def test_other_grids_are_refused(make_raster, ramp, after) -> None:
    for name, array, options, problem in (
        ("far", ramp, {"transform": PLACE @ Affine.translation(0, 0.6)}, r"lies 0\.6 pixels off .*after\.tif"),
        ("scaled", ramp, {"transform": PLACE @ Affine.scale(1.2)}, r"lies 1\.6 pixels off"),
        ("crs", ramp, {"crs": "EPSG:32632"}, "another coordinate reference system"),
        ("small", ramp[:, :5], {}, r"has 8 x 5 pixels, .* has 8 x 6"),
        ("type", ramp.astype(np.uint8), {}, "is of type uint8, .* of type float32"),
    ):
        with pytest.raises(DataError, match=problem) as caught:
            open_before(make_raster(f"{name}.tif", array, **options), after)
        assert caught.value.remedy
