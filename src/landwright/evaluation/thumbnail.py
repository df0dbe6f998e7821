"""Small copies of class masks, taken while the masks stream by at full size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.confusion import IGNORE
from landwright.rasters import Window


class Thumbnail:
    """Every n-th pixel of a mask, so that reference and map can be laid over each other and compared.

    Args:
        shape: Height and width of the mask in pixels.
        side: Longest side of the thumbnail in pixels; smaller masks stay as they are.

    Attributes:
        indices: uint8 (h, w) class indices, 255 where nothing was seen yet.
    """

    def __init__(self, shape: tuple[int, int], side: int) -> None:
        """Choose the pixels to keep."""
        longest = max(shape)
        self._rows, self._cols = (_centres(length, round(length * min(1.0, side / longest))) for length in shape)
        self.indices = np.full((len(self._rows), len(self._cols)), IGNORE, np.uint8)

    def add(self, indices: NDArray[np.uint8], window: Window) -> None:
        """Keep what a window shows.

        Args:
            indices: uint8 (h, w) of the window.
            window: Where it lies in the mask.
        """
        rows, cols = (
            slice(*np.searchsorted(places, (start, start + length)))
            for places, start, length in (
                (self._rows, window.row, window.height),
                (self._cols, window.col, window.width),
            )
        )
        picked = np.ix_(self._rows[rows] - window.row, self._cols[cols] - window.col)
        self.indices[rows, cols] = indices[picked]


def _centres(length: int, count: int) -> NDArray[np.intp]:
    count = max(1, count)
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)
