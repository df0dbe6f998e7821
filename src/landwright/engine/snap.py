"""Scores that follow the edges of an image: averaged over its segments, window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import Normalization
from landwright.engine.eightbit import EightBit
from landwright.rasters.segments import segments


class Snapper:
    """Gives every pixel the mean score of its segment; pixels without a value take no part.

    Segments are found in an 8-bit picture of the window (`eightbit.EightBit`).

    Args:
        provider: ``felzenszwalb`` or ``slic``, see `rasters.segments`.
        normalization: The model's input scaling.
    """

    def __init__(self, provider: str, normalization: Normalization) -> None:
        """Keep both."""
        self._provider, self._picture = provider, EightBit(normalization)

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_], scores: Tensor) -> Tensor:
        """Average scores (B, K, h, w) over the segments of pixels (B, C, h, w), valid or not (B, h, w)."""
        return torch.stack([self._one(*window) for window in zip(pixels, valid, scores, strict=True)])

    def _one(self, pixels: NDArray[Any], valid: NDArray[np.bool_], scores: Tensor) -> Tensor:
        found = segments(self._provider, self._picture(pixels, valid), valid)
        numbers = torch.from_numpy(found).long().flatten().to(scores.device)
        flat = scores.flatten(1)
        sums = flat.new_zeros((len(flat), int(found.max()) + 1)).index_add_(1, numbers, flat)
        sizes = torch.bincount(numbers)
        return (sums / sizes)[:, numbers].view_as(scores)
