"""One pass, several maps: channels go to the sinks that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.protocols import Sink


class Split:
    """Hands each sink its channels.

    Args:
        sinks: Sinks with their number of channels, in the order of the channels.
    """

    def __init__(self, sinks: Sequence[tuple[Sink, int]]) -> None:
        """Keep the sinks."""
        self._sinks = sinks

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (K, n, W) and validity (n, W); see `protocols.Sink`."""
        first = 0
        for sink, channels in self._sinks:
            sink.write(row, scores[first : first + channels], valid)
            first += channels


class Together:
    """Hands the same channels to several sinks, one after another; none of them may overwrite the scores.

    Args:
        sinks: The sinks.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        """Keep the sinks."""
        self._sinks = sinks

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (K, n, W) and validity (n, W); see `protocols.Sink`."""
        for sink in self._sinks:
            sink.write(row, scores, valid)
