"""Values multiplied by a factor that the user names, before a model sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Source
from landwright.rasters import RasterInfo, Window


class ScaledSource:
    """A raster whose values are multiplied by one constant; the engine's `Source`.

    The factor is the user's, never a tile's: 255 / 65535 brings full 16-bit values to 0..255, 255 brings reflectances
    of 0..1 there. What counts as nodata is settled before.

    Args:
        source: What is read.
        factor: Multiplies every value.
    """

    def __init__(self, source: Source, factor: float) -> None:
        """Note that what is read becomes float32."""
        self._source = source
        self._factor = np.float32(factor)
        self.info: RasterInfo = replace(source.info, dtype="float32")
        self.bands = source.bands

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._source.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return scaled pixels (C, h, w) float32 and validity (h, w)."""
        pixels, valid = self._source.read_with_valid(window)
        return pixels.astype(np.float32) * self._factor, valid
