"""The sink of class maps: from averaged scores to codes and confidence."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.decode import ByProbability, Decoder
from landwright.engine.measures import Measure, certainty
from landwright.legends import IGNORE, Legend

NO_CONFIDENCE = 255
"""Value of nodata in confidence maps, whose other values are percent."""


class RowWriter(Protocol):
    """Takes the rows of one raster from top to bottom; `maps.StripWriter` is one."""

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows (n, W), of several bands (bands, n, W)."""


class ClassMap:
    """Writes the class of every pixel and, where wanted, how sure it is.

    Args:
        legend: Classes in the order of the decoder's indices.
        codes: Takes the codes.
        confidence: Takes the confidence in percent, or None.
        decoder: Chooses the classes; by default the most probable one of class probabilities.
        least: Pixels whose class is less probable than this become nodata.
        measure: What the confidence is: ``max``, the probability of the class, or another one that the decoder has a
            meaning for (`decode.check_measure`).

    Attributes:
        undecided: Valid pixels that became nodata because the decoder had nothing to choose from.
        unsure: Valid pixels that became nodata because the class was not probable enough.
        broken: Valid pixels that became nodata because their scores are NaN or infinite.
        surest: Largest probability of a class so far, among those that are not probable enough too.
    """

    def __init__(
        self,
        legend: Legend,
        codes: RowWriter,
        confidence: RowWriter | None = None,
        *,
        decoder: Decoder | None = None,
        least: float = 0.0,
        measure: Measure = "max",
    ) -> None:
        """Keep the writers."""
        self._legend = legend
        self._codes = codes
        self._confidence = confidence
        self._decoder = decoder or ByProbability()
        self._least = least
        self._measure: Measure = measure
        self.undecided = self.unsure = self.broken = 0
        self.surest = 0.0

    def counts(self) -> dict[str, Any]:
        """Return these attributes by name, as fields of `counts.Counts`."""
        return {name: getattr(self, name) for name in ("undecided", "unsure", "broken", "surest")}

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (channels, n, W) and validity (n, W); see `protocols.Sink`."""
        if not valid.any():
            self._codes.write(np.full(valid.shape, self._legend.nodata, dtype=np.uint8))
            if self._confidence is not None:
                self._confidence.write(np.full(valid.shape, NO_CONFIDENCE, dtype=np.uint8))
            return
        indices, best, known = self._decoder(scores)
        shares = best.cpu().numpy()
        finite = valid & np.isfinite(shares)
        self.broken += int(np.count_nonzero(valid & ~finite))
        valid = finite
        if known is not None:
            decided = valid & known.cpu().numpy()
            self.undecided += int(np.count_nonzero(valid & ~decided))
            valid = decided
        if self._least > 0:
            sure = valid & (shares >= self._least)
            self.unsure += int(np.count_nonzero(valid & ~sure))
            self.surest = max(self.surest, float(shares.max(initial=0.0, where=valid)))
            valid = sure
        self._codes.write(self._legend.decode(np.where(valid, indices.cpu().numpy(), np.uint8(IGNORE))))
        if self._confidence is not None:
            sure_of = best if self._measure == "max" else certainty(self._decoder.probabilities(scores), self._measure)
            self._confidence.write(np.where(valid, percent(sure_of), np.uint8(NO_CONFIDENCE)))


def percent(shares: torch.Tensor) -> NDArray[np.uint8]:
    """Return shares in 0..1 as whole percent; sums of weights may exceed 1 by a rounding error."""
    return shares.mul(100).round_().clamp_(0, 100).to(torch.uint8).cpu().numpy()
