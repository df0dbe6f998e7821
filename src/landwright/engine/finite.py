"""Count the pixels that are lost because a band is not a finite number there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Reader
from landwright.engine.stream import Part
from landwright.rasters import Window


class FiniteReader:
    """A reader that counts its NaN and infinite pixels on the way; the engine's `Reader`.

    NaN is not counted where it is the declared nodata. No window may be read twice.

    Args:
        reader: What is read.
        nodata: The raster's declared nodata, or None.
        part: Where pixels are counted; by default everywhere.

    Attributes:
        lost: Pixels read so far that are NaN or infinite in a band.
    """

    def __init__(self, reader: Reader, nodata: float | None, part: Part | None = None) -> None:
        """Count from nought."""
        self._reader = reader
        self._part = part or Part(0, reader.shape[0], 0, reader.shape[1])
        self._counted = np.isinf if nodata is not None and math.isnan(nodata) else _not_finite
        self.lost = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._reader.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (C, h, w) and validity (h, w) as they are."""
        pixels, valid = self._reader.read_with_valid(window)
        if pixels.dtype.kind == "f" and not valid.all():
            counted = self._inside(window)
            lost = ~valid[counted]
            self.lost += int(np.count_nonzero(self._counted(pixels[:, *counted][:, lost]).any(axis=0)))
        return pixels, valid

    def _inside(self, window: Window) -> tuple[slice, slice]:
        """Return the rows and columns of a window that lie in the part."""
        row0, row1, col0, col1 = self._part
        return (
            slice(max(0, row0 - window.row), max(0, row1 - window.row)),
            slice(max(0, col0 - window.col), max(0, col1 - window.col)),
        )


def _not_finite(values: NDArray[Any]) -> NDArray[np.bool_]:
    finite: NDArray[np.bool_] = np.isfinite(values)
    return ~finite
