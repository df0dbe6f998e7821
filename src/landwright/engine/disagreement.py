"""How much overlapping windows disagree on a pixel: one channel more that is summed with the class probabilities.

With p_w the probabilities that window w gives a pixel and weights that sum to 1, the disagreement is the root of
sum_w w |p_w|^2 - |sum_w w p_w|^2: the spread of the windows around their mean, 0 where all agree or one is alone, at
most sqrt(1 - 1/n) for n windows. `SpareHead` makes room for |p_w|^2, `SquareSum` fills it window by window,
`Disagreeing` turns its weighted mean into the disagreement, and `DisagreementMap` writes that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import Card
from landwright.engine.classmap import NO_CONFIDENCE, RowWriter, percent
from landwright.engine.protocols import Refiner, Sink
from landwright.errors import UsageError
from landwright.networks import Outputs


class SpareHead:
    """Makes room for one channel behind those of another head.

    Attributes:
        channels: 1.
    """

    channels = 1

    def __call__(self, outputs: Sequence[Outputs], scores: Tensor) -> None:
        """Write zeros (B, 1, t, t)."""
        scores.zero_()


class SquareSum:
    """Fills the channel behind the class probabilities with the sum of their squares; a `protocols.Refiner`.

    It is the last word on a window, so that what is squared is what is averaged: after test-time augmentation, and
    after any other refiner.

    Args:
        classes: Number K of class probabilities, the first channels of the scores; the channel is the next one.
        refiner: What refines the scores first, or None.
    """

    def __init__(self, classes: int, refiner: Refiner | None = None) -> None:
        """Keep both."""
        self._classes, self._refiner = classes, refiner

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_], scores: Tensor) -> Tensor:
        """Return scores (B, channels, t, t), in place where nothing else refines them."""
        if self._refiner is not None:
            scores = self._refiner(pixels, valid, scores)
        _square_sum(scores, self._classes, scores[:, self._classes].zero_())
        return scores


class Disagreeing:
    """Turns averaged square sums into disagreements, in place, and hands the scores on; a `protocols.Sink`.

    Windows have to be averaged and nothing else: where a raster is mapped in the windows of a smaller one it comes
    before the scores are enlarged, since the difference of two neighbouring pixels is no disagreement.

    Args:
        classes: Number K of class probabilities, the first channels; the square sums are the next one.
        sink: Takes the same channels.
    """

    def __init__(self, classes: int, sink: Sink) -> None:
        """Keep the sink."""
        self._classes, self._sink = classes, sink

    def write(self, row: int, scores: Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (channels, n, W) and validity (n, W); see `protocols.Sink`."""
        squares = scores[self._classes].neg_()
        # Of sums near 1 in single precision the difference is off by some 1e-7, its root by less than a tenth of a
        # percent, which the rounding to whole percent hides.
        _square_sum(scores[None], self._classes, squares[None])
        squares.neg_().clamp_(min=0).sqrt_()
        self._sink.write(row, scores, valid)


class DisagreementMap:
    """Writes disagreements in whole percent, 255 where there are none.

    Args:
        writer: Takes the bytes.
    """

    def __init__(self, writer: RowWriter) -> None:
        """Keep the writer."""
        self._writer = writer

    def write(self, row: int, scores: Tensor, valid: NDArray[np.bool_]) -> None:
        """Take disagreements (1, n, W) in 0..1 and validity (n, W); see `protocols.Sink`."""
        known = valid & np.isfinite(scores[0].cpu().numpy())
        self._writer.write(np.where(known, percent(scores[0]), np.uint8(NO_CONFIDENCE)))


def check_disagreement(card: Card, classes: int, blend: str) -> None:
    """Refuse a model or a blend whose windows cannot disagree in class probabilities.

    Args:
        card: The model's card, with a legend of classes that are mapped.
        classes: Number of classes in the map.
        blend: Weights of overlapping windows.

    Raises:
        UsageError: There is no disagreement to tell.
    """
    if card.words is not None:
        raise UsageError(
            f"windows disagree in class probabilities, and {card.name} is a model of words, whose similarities are "
            "averaged before there are any",
            remedy="Leave the disagreement out",
        )
    if classes < 2:
        raise UsageError("the map has a single class, on which all windows agree", remedy="Leave the disagreement out")
    if blend == "rs3dada":
        raise UsageError(
            "windows disagree in class probabilities, and with blend rs3dada logits are averaged",
            remedy="Add --blend cosine, or leave the disagreement out",
        )
    if blend == "crop":
        raise UsageError(
            "with blend crop every pixel is of one window, which nothing disagrees with",
            remedy="Use --blend cosine, or leave the disagreement out",
        )


def _square_sum(scores: Tensor, classes: int, total: Tensor) -> None:
    """Add the squares of the first channels of (B, K, h, w) to (B, h, w)."""
    for channel in range(classes):
        total.addcmul_(scores[:, channel], scores[:, channel])
