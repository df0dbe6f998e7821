"""The sink of class maps: from averaged scores to codes and confidence."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.decode import ByProbability, Decoder
from landwright.errors import DataError
from landwright.legends import IGNORE, Legend

NO_CONFIDENCE = 255
"""Value of nodata in confidence maps, whose other values are percent."""


_BROKEN = "check the model's weights; with --precision 16, try 32"


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
    ) -> None:
        """Keep the writers."""
        self._legend = legend
        self._codes = codes
        self._confidence = confidence
        self._decoder = decoder or ByProbability()
        self._least = least
        self.undecided = self.unsure = self.broken = 0
        self.surest = 0.0

    @property
    def warnings(self) -> list[str]:
        """What the user should know about them."""
        found = {
            f"have scores that are NaN or infinite ({_BROKEN})": self.broken,
            "show only classes that the merge leaves out": self.undecided,
            f"are of no class with a probability of {self._least:g}": self.unsure,
        }
        return [f"{pixels} pixels {what}, and became nodata" for what, pixels in found.items() if pixels]

    @property
    def lost(self) -> int:
        """Valid pixels that became nodata."""
        return self.undecided + self.unsure + self.broken

    def check(self, path: str, valid: int, *, labels: bool) -> None:
        """Refuse a map without a class.

        Args:
            path: The image, for the message.
            valid: Number of its valid pixels.
            labels: The map is made to train with: also refuse one in which no class is probable enough.

        Raises:
            DataError: No pixel has a finite score, or the map says nothing to train with.
        """
        if self.broken == valid:
            raise DataError(
                "has no pixel with finite scores: the model says NaN or infinity everywhere",
                path=path,
                remedy=f"{_BROKEN[0].upper()}{_BROKEN[1:]}",
            )
        if labels and self.unsure and self.lost == valid:
            # Rounded down: pixels of just that probability are then sure.
            surest = math.floor(self.surest * 1000) / 1000
            raise DataError(
                f"has no pixel of a class with a probability of {self._least:g}, so that there are no labels",
                path=path,
                remedy=f"Lower --min-confidence: the surest pixel has {surest:g}",
            )

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (channels, n, W) and validity (n, W); see `protocols.Sink`."""
        indices, best, known = self._decoder(scores)
        finite = valid & best.isfinite().cpu().numpy()
        self.broken += int(np.count_nonzero(valid & ~finite))
        valid = finite
        if known is not None:
            decided = valid & known.cpu().numpy()
            self.undecided += int(np.count_nonzero(valid & ~decided))
            valid = decided
        if self._least > 0:
            sure = valid & (best >= self._least).cpu().numpy()
            self.unsure += int(np.count_nonzero(valid & ~sure))
            self.surest = max(self.surest, float(best.cpu().numpy().max(initial=0.0, where=valid)))
            valid = sure
        self._codes.write(self._legend.decode(np.where(valid, indices.cpu().numpy(), np.uint8(IGNORE))))
        if self._confidence is not None:
            # Sums of weights may exceed 1 by a rounding error.
            percent = best.mul(100).round_().clamp_(0, 100).to(torch.uint8).cpu().numpy()
            self._confidence.write(np.where(valid, percent, np.uint8(NO_CONFIDENCE)))
