"""Small copies of masks and heights, taken while these stream by at full size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from landwright.evaluation.confusion import IGNORE
from landwright.rasters import Window


class Thumbnail:
    """Every n-th pixel of a raster, so that reference and map can be laid over each other and compared.

    Args:
        shape: Height and width of the raster in pixels.
        side: Longest side of the thumbnail in pixels; smaller rasters stay as they are.
        fill: Value where nothing was seen yet.
        dtype: Type of the values.

    Attributes:
        values: (h, w) class indices, or whatever the raster holds.
    """

    def __init__(self, shape: tuple[int, int], side: int, *, fill: float = IGNORE, dtype: DTypeLike = np.uint8) -> None:
        """Choose the pixels to keep."""
        longest = max(shape)
        self._rows, self._cols = (_centres(length, round(length * min(1.0, side / longest))) for length in shape)
        self.values: NDArray[Any] = np.full((len(self._rows), len(self._cols)), fill, dtype)

    def add(self, values: NDArray[Any], window: Window) -> None:
        """Keep what a window shows.

        Args:
            values: (h, w) of the window.
            window: Where it lies in the raster.
        """
        rows, cols = (
            slice(*np.searchsorted(places, (start, start + length)))
            for places, start, length in (
                (self._rows, window.row, window.height),
                (self._cols, window.col, window.width),
            )
        )
        picked = np.ix_(self._rows[rows] - window.row, self._cols[cols] - window.col)
        self.values[rows, cols] = values[picked]


def _centres(length: int, count: int) -> NDArray[np.intp]:
    count = max(1, count)
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)
