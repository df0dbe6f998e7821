from __future__ import annotations

import numpy as np

from landwright.bundles import Normalization
from landwright.engine.eightbit import EightBit


def test_two_deviations_to_either_side_fill_the_range() -> None:
    picture = EightBit(Normalization(divide=1.0, mean=(10.0, 0.0), std=(5.0, 1.0)))
    pixels = np.array([[[0.0, 10.0, 20.0, 500.0, np.nan]], [[-2.0, 0.0, 2.0, -9.0, 1.0]]], np.float32)
    valid = np.array([[True, True, True, True, False]])
    found = picture(pixels, valid)
    assert found.dtype == np.uint8
    assert found[0].tolist() == [[0, 0], [128, 128], [255, 255], [255, 0], [0, 128]]
