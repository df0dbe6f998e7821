"""The sink of class maps: from averaged scores to codes and confidence."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.decode import ByProbability, Decoder
from landwright.legends import IGNORE, Legend

NO_CONFIDENCE = 255
"""Value of nodata in confidence maps, whose other values are percent."""


class RowWriter(Protocol):
    """Takes the rows of one raster from top to bottom; `maps.StripWriter` is one."""

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows (n, W)."""


class ClassMap:
    """Writes the class of every pixel and, where wanted, its probability.

    Args:
        legend: Classes in the order of the decoder's indices.
        codes: Takes the codes.
        confidence: Takes the probability of the class in percent, or None.
        decoder: Chooses the classes; by default the most probable one of class probabilities.
        least: Pixels whose class is less probable than this become nodata.

    Attributes:
        undecided: Valid pixels that became nodata because the decoder had nothing to choose from.
        unsure: Valid pixels that became nodata because the class was not probable enough.
    """

    def __init__(
        self,
        legend: Legend,
        codes: RowWriter,
        confidence: RowWriter | None = None,
        *,
        decoder: Decoder | None = None,
        least: float = 0.0,
    ) -> None:
        """Keep the writers."""
        self._legend = legend
        self._codes = codes
        self._confidence = confidence
        self._decoder = decoder or ByProbability()
        self._least = least
        self.undecided = self.unsure = 0

    @property
    def warnings(self) -> list[str]:
        """What the user should know about them."""
        found = {
            "show only classes that the merge leaves out": self.undecided,
            f"are of no class with a probability of {self._least:g}": self.unsure,
        }
        return [f"{pixels} pixels {what}, and became nodata" for what, pixels in found.items() if pixels]

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (channels, n, W) and validity (n, W); see `protocols.Sink`."""
        indices, best, known = self._decoder(scores)
        if known is not None:
            decided = valid & known.cpu().numpy()
            self.undecided += int(np.count_nonzero(valid & ~decided))
            valid = decided
        if self._least > 0:
            sure = valid & (best >= self._least).cpu().numpy()
            self.unsure += int(np.count_nonzero(valid & ~sure))
            valid = sure
        self._codes.write(self._legend.decode(np.where(valid, indices.cpu().numpy(), np.uint8(IGNORE))))
        if self._confidence is not None:
            # Sums of weights may exceed 1 by a rounding error.
            percent = best.mul(100).round_().clamp_(0, 100).to(torch.uint8).cpu().numpy()
            self._confidence.write(np.where(valid, percent, np.uint8(NO_CONFIDENCE)))
