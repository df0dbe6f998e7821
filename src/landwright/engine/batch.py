"""Windows collected into batches of one shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def even_batch(windows: int, batch: int) -> int:
    """Return the largest batch size, at most ``batch``, that leaves the last of the batches as full as can be."""
    return math.ceil(windows / math.ceil(windows / batch))


class Batch:
    """Copies of windows in memory that is used again and again.

    The shape never changes, so that kernels are chosen once; places that are not filled keep what they held before,
    and their scores are not looked at.

    Args:
        size: Windows in a batch.
        tile: Side of a window in pixels.
        pinned: Keep it where a GPU can fetch it while both compute.
    """

    def __init__(self, size: int, tile: int, *, pinned: bool = False) -> None:
        """Start empty; the memory is reserved with the first window, which tells bands and type."""
        self._size = size
        self._tile = tile
        self._pinned = pinned
        self._pixels = self._zeros(0, torch.uint8)
        self._valid: NDArray[np.bool_] = self._zeros(1, torch.bool)[:, 0]
        self._valid.fill(True)
        self._filled = 0

    def __len__(self) -> int:
        """Number of windows in it."""
        return self._filled

    @property
    def full(self) -> bool:
        """Whether there is no place left."""
        return self._filled == self._size

    @property
    def pixels(self) -> NDArray[Any]:
        """(size, C, tile, tile), uint8 for 8-bit imagery, else float32."""
        return self._pixels

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(size, tile, tile)."""
        return self._valid

    def append(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        """Copy one window (C, tile, tile) and its validity (tile, tile) into the next place."""
        if self._pixels.shape[1] != len(pixels):
            # Torch has few operations for the other integer types; float32 holds 16-bit values exactly.
            self._pixels = self._zeros(len(pixels), torch.uint8 if pixels.dtype == np.uint8 else torch.float32)
        self._pixels[self._filled] = pixels
        self._valid[self._filled] = valid
        self._filled += 1

    def clear(self) -> None:
        """Make all places free again."""
        self._filled = 0

    def _zeros(self, bands: int, dtype: torch.dtype) -> NDArray[Any]:
        shape = (self._size, bands, self._tile, self._tile)
        memory: NDArray[Any] = torch.zeros(shape, dtype=dtype, pin_memory=self._pinned).numpy()
        return memory
