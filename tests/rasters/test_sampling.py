from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landwright.rasters import Window
from landwright.rasters.sampling import sample_windows


def test_small_rasters_are_taken_whole() -> None:
    assert sample_windows((30, 40), 1200) == [Window(0, 0, 30, 40)]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 2**20))
def test_bounded_inside_and_apart(height: int, width: int, pixels: int) -> None:
    windows = sample_windows((height, width), pixels)
    total = sum(window.height * window.width for window in windows)
    assert 0 < total <= max(pixels, 256 * 256)
    seen = np.zeros((height, width), np.uint8)
    for row, col, rows, cols in windows:
        assert 0 <= row <= height - rows
        assert 0 <= col <= width - cols
        seen[row : row + rows, col : col + cols] += 1
    assert seen.max() == 1


def test_spread_over_the_raster() -> None:
    windows = sample_windows((10000, 20000), 2**20)
    assert len(windows) >= 12
    assert min(window.row for window in windows) < 2500
    assert max(window.col for window in windows) > 15000
