"""The sink of class maps: from averaged probabilities to codes and confidence."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.merge import Merger
from landwright.legends import IGNORE, Legend

NO_CONFIDENCE = 255
"""Value of nodata in confidence maps, whose other values are percent."""


_NOTHING = 1e-6


class RowWriter(Protocol):
    """Takes the rows of one raster from top to bottom; `maps.StripWriter` is one."""

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows (n, W)."""


class ClassMap:
    """Writes the most probable class and, where wanted, its probability.

    Args:
        legend: Classes in the order of the scores.
        codes: Takes the codes.
        confidence: Takes the largest class probability in percent, or None.
        partial: The scores of a pixel may add up to less than 1, because some classes are not among them. The
            probability written is then that of the class given that the pixel is of one among them; where less than a
            millionth is left, there is nothing to choose from, and the pixel becomes nodata.
        logits: The scores are averaged logits; probabilities are made of them here.
        merger: Sums the probabilities that are made of logits, or None.

    Attributes:
        undecided: Valid pixels that became nodata for that reason.
    """

    def __init__(
        self,
        legend: Legend,
        codes: RowWriter,
        confidence: RowWriter | None = None,
        *,
        partial: bool = False,
        logits: bool = False,
        merger: Merger | None = None,
    ) -> None:
        """Keep the writers."""
        self._legend = legend
        self._codes = codes
        self._confidence = confidence
        self._partial = partial
        self._logits, self._merger = logits, merger
        self.undecided = 0

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged probabilities or logits (K, n, W) and validity (n, W); see `protocols.Sink`."""
        if self._logits and self._merger is not None:
            scores = self._merger(scores.softmax(dim=0)[None])[0]
        indices, best = most_probable(scores)
        if self._logits and self._merger is None:
            # The class is chosen by the logits themselves, whose differences a softmax may round away.
            best = best.sub_(scores.logsumexp(dim=0)).exp_()
        if self._partial:
            total = scores.sum(dim=0)
            decided = (total >= _NOTHING).cpu().numpy()
            self.undecided += int(np.count_nonzero(valid & ~decided))
            valid = valid & decided
            best = best.div_(total.clamp_(min=_NOTHING))
        self._codes.write(self._legend.decode(np.where(valid, indices.cpu().numpy(), np.uint8(IGNORE))))
        if self._confidence is not None:
            # Sums of weights may exceed 1 by a rounding error.
            percent = best.mul(100).round_().clamp_(0, 100).to(torch.uint8).cpu().numpy()
            self._confidence.write(np.where(valid, percent, np.uint8(NO_CONFIDENCE)))


def most_probable(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the index (n, W) uint8 of the largest of K scores (K, n, W), the first of equals, and the score."""
    best = scores[0].clone()
    indices = torch.zeros(best.shape, dtype=torch.uint8, device=scores.device)
    # Quicker than torch.max over the first axis, which walks it pixel by pixel and writes 64-bit indices.
    for index in range(1, len(scores)):
        # A later index is also the larger one, so that bytes can be combined without a mask.
        torch.maximum(indices, (scores[index] > best).view(torch.uint8).mul_(index), out=indices)
        torch.maximum(best, scores[index], out=best)
    return indices, best
