from __future__ import annotations

import numpy as np

from landwright.rasters.validity import usable


def test_nodata_only_where_all_bands_have_it() -> None:
    pixels = np.array([[[0, 0, 5]], [[0, 5, 0]]], np.uint8)
    assert usable(pixels, [0, 0]).tolist() == [[False, True, True]]
    assert usable(pixels, [0, None]).all()
    assert usable(pixels, [None, None]).all()


def test_each_band_has_its_own_nodata() -> None:
    assert usable(np.array([[[0, 0]], [[9, 0]]], np.int16), [0, 9]).tolist() == [[False, True]]


def test_not_finite_in_any_band() -> None:
    pixels = np.array([[[1, np.nan, 1]], [[1, 1, np.inf]]], np.float32)
    assert usable(pixels, [None, None]).tolist() == [[True, False, False]]
    assert usable(pixels, [np.nan, np.nan]).tolist() == [[True, False, False]]


def test_rounded_float_nodata() -> None:
    declared = -3.4028234663852886e38
    pixels = np.array([[[declared, 1.0]]], np.float32)
    assert usable(pixels, [declared]).tolist() == [[False, True]]


def test_nodata_that_the_type_cannot_hold() -> None:
    pixels = np.array([[[241, 0]]], np.uint8)
    assert usable(pixels, [-9999.0]).all()
    assert usable(pixels, [0.5]).all()


def test_mask() -> None:
    pixels = np.array([[[1, 2, 0]]], np.uint8)
    assert usable(pixels, [0], np.array([[0, 7, 255]], np.uint8)).tolist() == [[False, True, False]]
