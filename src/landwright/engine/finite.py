"""Count the pixels that are lost because a band is not a finite number there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Reader
from landwright.rasters import Window


class FiniteReader:
    """A reader that counts its NaN and infinite pixels on the way; the engine's `Reader`.

    NaN is not counted where it is the declared nodata. No window may be read twice.

    Args:
        reader: What is read.
        nodata: The raster's declared nodata, or None.

    Attributes:
        lost: Pixels read so far that are NaN or infinite in a band.
    """

    def __init__(self, reader: Reader, nodata: float | None) -> None:
        """Count from nought."""
        self._reader = reader
        self._counted = np.isinf if nodata is not None and math.isnan(nodata) else _not_finite
        self.lost = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._reader.shape

    @property
    def warnings(self) -> list[str]:
        """What the user should know about them."""
        return [f"{self.lost} pixels are NaN or infinite in a band and became nodata"] if self.lost else []

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (C, h, w) and validity (h, w) as they are."""
        pixels, valid = self._reader.read_with_valid(window)
        if pixels.dtype.kind == "f" and not valid.all():
            self.lost += int(np.count_nonzero(self._counted(pixels[:, ~valid]).any(axis=0)))
        return pixels, valid


def _not_finite(values: NDArray[Any]) -> NDArray[np.bool_]:
    finite: NDArray[np.bool_] = np.isfinite(values)
    return ~finite
