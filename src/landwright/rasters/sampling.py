"""A bounded, repeatable sample of a raster's pixels."""

from __future__ import annotations

import numpy as np

from landwright.rasters.window import Window

_SIDE = 256


def sample_windows(shape: tuple[int, int], pixels: int) -> list[Window]:
    """Windows spread evenly over a raster, in reading order.

    Args:
        shape: (height, width) of the raster.
        pixels: How many pixels may be read; a raster with no more is taken whole.

    Returns:
        One window of all, or windows of at most 256 x 256 pixels that do not overlap.
    """
    height, width = shape
    if height * width <= pixels:
        return [Window(0, 0, height, width)]
    side_y, side_x = min(_SIDE, height), min(_SIDE, width)
    rows, cols = height // side_y, width // side_x
    wanted = max(1, pixels // (side_y * side_x))
    count_y = min(rows, max(1, round((wanted * rows / cols) ** 0.5)))
    count_x = min(cols, max(1, wanted // count_y))
    count_y = min(rows, max(1, wanted // count_x))
    starts_y = _spread(height, side_y, count_y)
    starts_x = _spread(width, side_x, count_x)
    return [Window(row, col, side_y, side_x) for row in starts_y for col in starts_x]


def _spread(length: int, side: int, count: int) -> list[int]:
    """Starts of `count` stretches of `side` within `length`, in the middle of equal parts."""
    return [int(centre - side / 2) for centre in (np.arange(count) + 0.5) * length / count]
