"""The sink of probability maps: all class probabilities of a pixel, a byte each."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import RowWriter
from landwright.engine.decode import ByProbability, Decoder

PROBABILITY_STEPS = 250
"""Stored value of probability 1, so that one step is 0.004."""
NO_PROBABILITY = 255
"""Value of nodata in probability maps."""


class ProbabilityMap:
    """Writes the probability of every class.

    Unlike in the class map, a pixel whose class is not probable enough is no nodata.

    Args:
        classes: Number K of classes.
        probabilities: Takes K bands of bytes: 0..250 for probabilities 0..1, 255 where there are none.
        decoder: Makes probabilities of scores; by default scores are probabilities.
    """

    def __init__(self, classes: int, probabilities: RowWriter, *, decoder: Decoder | None = None) -> None:
        """Keep the writer."""
        self._classes = classes
        self._writer = probabilities
        self._decoder = decoder or ByProbability()

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (channels, n, W) and validity (n, W); see `protocols.Sink`."""
        if not valid.any():
            self._writer.write(np.full((self._classes, *valid.shape), NO_PROBABILITY, dtype=np.uint8))
            return
        probabilities = self._decoder.probabilities(scores)
        known = valid & np.isfinite(probabilities.sum(dim=0).cpu().numpy())
        steps = torch.empty(probabilities.shape, dtype=torch.uint8, device=probabilities.device)
        # One by one they stay in a processor's cache.
        for stored, one in zip(steps, probabilities, strict=True):
            stored.copy_(one.mul(PROBABILITY_STEPS).round_().clamp_(0, PROBABILITY_STEPS))
        rows = steps.cpu().numpy()
        self._writer.write(rows if known.all() else np.where(known, rows, np.uint8(NO_PROBABILITY)))
