from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from landwright.engine.finite import FiniteReader
from landwright.engine.stream import Part
from landwright.rasters import Window


class _Memory:
    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.shape = pixels.shape[1], pixels.shape[2]

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        pixels = self.pixels[:, window.row : window.row + window.height]
        return pixels, np.isfinite(pixels).all(axis=0) & (pixels != -1).any(axis=0)


@pytest.mark.parametrize(("nodata", "lost"), [(None, 3), (-1.0, 3), (np.nan, 1)])
def test_counts_pixels_and_not_values(nodata: float | None, lost: int) -> None:
    image = np.ones((2, 4, 5), np.float32)
    image[:, 0, 0], image[1, 3, 1], image[0, 2, 2], image[:, 1, 1] = np.nan, np.nan, np.inf, -1
    reader = FiniteReader(_Memory(image), nodata)
    assert reader.lost == 0
    for row in (0, 2):
        pixels, valid = reader.read_with_valid(Window(row, 0, 2, 5))
        np.testing.assert_array_equal(pixels, image[:, row : row + 2])
        assert valid.shape == (2, 5)
    assert reader.lost == lost
    assert reader.shape == (4, 5)


def test_only_pixels_of_the_part_count() -> None:
    image = np.full((1, 4, 5), np.nan, np.float32)
    reader = FiniteReader(_Memory(image), None, Part(1, 3, 2, 9))
    for row in (0, 2):
        reader.read_with_valid(Window(row, 0, 2, 5))
    assert reader.lost == 2 * 3
