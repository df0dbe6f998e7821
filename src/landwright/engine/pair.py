"""Two dates of one place, read as one image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Source
from landwright.rasters import RasterInfo, Window


class PairSource:
    """The bands of the earlier date, then those of the later; the engine's `Source`.

    A pixel is valid where both dates are.

    Args:
        before: The earlier date, on the grid of the later one.
        after: The later date, which gives the grid.
    """

    def __init__(self, before: Source, after: Source) -> None:
        """Settle the common type of the pixels."""
        self._before, self._after = before, after
        dtype = np.result_type(np.dtype(before.info.dtype), np.dtype(after.info.dtype))
        self.info: RasterInfo = replace(after.info, dtype=dtype.name)
        self.bands = (*before.bands, *after.bands)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._after.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (2C, h, w), the earlier first, and validity (h, w)."""
        earlier, earlier_valid = self._before.read_with_valid(window)
        later, later_valid = self._after.read_with_valid(window)
        return np.concatenate([earlier, later]), earlier_valid & later_valid
