from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.rasters.blend import Separable, partition, profile
from landwright.rasters.starts import starts

blends = st.sampled_from(get_args(Separable))


@given(length=st.integers(1, 900), tile=st.integers(1, 200), overlap=st.floats(0, 0.9), blend=blends)
def test_weights_sum_to_one_everywhere(length: int, tile: int, overlap: float, blend: Separable) -> None:
    places = starts(length, tile, overlap)
    weights = partition(tile, places, blend)
    assert weights.dtype == np.float32
    total = np.zeros(max(length, tile), dtype=np.float64)
    for row, place in zip(weights, places, strict=True):
        total[place : place + tile] += row
    np.testing.assert_allclose(total, 1, rtol=0, atol=2e-7)


@given(tile=st.integers(1, 600), blend=blends, first=st.booleans(), last=st.booleans())
def test_profiles_are_strictly_positive(tile: int, blend: Separable, first: bool, last: bool) -> None:
    weights = profile(tile, blend, first=first, last=last)
    assert (weights > 0).all()
    assert weights.max() <= 1


@pytest.mark.parametrize("blend", ["cosine", "gaussian"])
def test_profiles_are_flat_towards_the_border_and_decline_elsewhere(blend: Separable) -> None:
    first = profile(64, blend, first=True)
    assert (first[:32] == 1).all()
    assert (np.diff(first[32:]) < 0).all()
    last = profile(64, blend, last=True)
    np.testing.assert_array_equal(last, first[::-1])
    inner = profile(64, blend)
    np.testing.assert_allclose(inner, inner[::-1], rtol=1e-12)
    assert inner[0] < 0.01


def test_crop_takes_each_pixel_from_the_window_that_sees_furthest() -> None:
    weights = partition(8, [0, 4], "crop")
    assert set(np.unique(weights)) == {0.0, 1.0}
    np.testing.assert_array_equal(weights[0], [1, 1, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(weights[1], [0, 0, 1, 1, 1, 1, 1, 1])
