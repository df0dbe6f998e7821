"""Class probabilities that follow the colours of an image: a dense conditional random field, window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import Card
from landwright.engine.eightbit import EightBit, as_read, is_eight_bit
from landwright.errors import UsageError
from landwright.filters.crf import dense_crf

_COLOURS = 3


class CrfRefiner:
    """Refines the class probabilities of every window; pixels without a value take no part.

    Colours are the first three bands of the last date, or its first of fewer: the values themselves where they are
    0..255, for which the published deviations are, by their type or by the model's scaling; else an 8-bit picture of
    the window.

    Args:
        card: The model's card.
        classes: Number of class probabilities, the first channels of the scores.
        partial: They may add up to less than 1; what is missing then counts as a class more.
    """

    def __init__(self, card: Card, classes: int, *, partial: bool = False) -> None:
        """Choose the bands."""
        self._classes, self._partial = classes, partial
        self._picture = as_read if is_eight_bit(card.normalization) else EightBit(card.normalization)
        bands = len(card.bands) // card.dates
        first = bands * (card.dates - 1)
        self._bands = slice(first, first + (_COLOURS if bands >= _COLOURS else 1))

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_], scores: Tensor) -> Tensor:
        """Refine the first channels of scores (B, K, h, w) by pixels (B, C, h, w), valid or not (B, h, w)."""
        refined = [self._one(*window) for window in zip(pixels, valid, scores[:, : self._classes], strict=True)]
        return torch.cat([torch.stack(refined), scores[:, self._classes :]], 1)

    def _one(self, pixels: NDArray[Any], valid: NDArray[np.bool_], probabilities: Tensor) -> Tensor:
        made = (as_read if pixels.dtype == np.uint8 else self._picture)(pixels, valid)
        picture = torch.from_numpy(made[..., self._bands]).to(probabilities.device)
        if self._partial:
            rest = (1 - probabilities.sum(0, keepdim=True)).clamp(min=0)
            probabilities = torch.cat([probabilities, rest])
        known = torch.from_numpy(valid).to(probabilities.device)
        return dense_crf(probabilities, picture, valid=known)[: self._classes]


def check_crf(card: Card, classes: int, blend: str) -> None:
    """Refuse a model or a blend that gives no class probabilities to refine.

    Args:
        card: The model's card, with a legend of classes that are mapped.
        classes: Number of classes in the map.
        blend: Weights of overlapping windows.

    Raises:
        UsageError: There is nothing to refine.
    """
    if card.words is not None:
        raise UsageError(
            f"--crf refines class probabilities, and {card.name} is a model of words, whose similarities are averaged "
            "before a class is chosen",
            remedy="Use --snap felzenszwalb instead",
        )
    if classes < 2:
        raise UsageError("--crf chooses between classes, and the map has a single one", remedy="Leave --crf out")
    if blend == "rs3dada":
        raise UsageError(
            "--crf refines class probabilities, and with blend rs3dada logits are averaged",
            remedy="Add --blend cosine, or leave --crf out",
        )
