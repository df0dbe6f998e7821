from __future__ import annotations

import numpy as np
import pytest

from landwright.bundles import Normalization
from landwright.engine.eightbit import EightBit, as_read, is_eight_bit


def test_two_deviations_to_either_side_fill_the_range() -> None:
    picture = EightBit(Normalization(divide=1.0, mean=(10.0, 0.0), std=(5.0, 1.0)))
    pixels = np.array([[[0.0, 10.0, 20.0, 500.0, np.nan]], [[-2.0, 0.0, 2.0, -9.0, 1.0]]], np.float32)
    valid = np.array([[True, True, True, True, False]])
    found = picture(pixels, valid)
    assert found.dtype == np.uint8
    assert found[0].tolist() == [[0, 0], [128, 128], [255, 255], [255, 0], [0, 128]]


def test_values_of_eight_bits_stay_as_they_are() -> None:
    pixels = np.array([[[0.0, 9.6, 254.0, 500.0, np.nan]], [[-2.0, 0.0, 2.0, -9.0, 1.0]]], np.float32)
    found = as_read(pixels, np.array([[True, True, True, True, False]]))
    assert found.dtype == np.uint8
    assert found[0].tolist() == [[0, 0], [10, 0], [254, 2], [255, 0], [0, 0]]


@pytest.mark.parametrize(
    ("divide", "mean", "std", "eight"),
    [(255.0, 0.4, 0.2, True), (1.0, 123.7, 58.4, True), (10000.0, 0.1, 0.05, False), (1.0, 0.4, 0.2, False)],
)
def test_models_for_eight_bits(divide: float, mean: float, std: float, eight: bool) -> None:
    assert is_eight_bit(Normalization(divide=divide, mean=(mean,), std=(std,))) is eight
