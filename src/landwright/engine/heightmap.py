"""The sink of height maps: from averaged heights to metres and their spread."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import RowWriter
from landwright.engine.heads import metres
from landwright.maps import HEIGHT_NODATA


class HeightMap:
    """Writes heights above ground, or the difference of two dates' heights, and where wanted their spread.

    Args:
        dates: Number of height channels; of two, the later is taken from the earlier.
        heights: Takes the metres, float32.
        spread: Takes the standard deviation over the views of test-time augmentation in metres, or None.
        raw: Write what the network says. Else heights below the ground are written as 0, of each date before the
            difference is taken: a network without a bound says -0.1 m of a street.
    """

    def __init__(self, dates: int, heights: RowWriter, spread: RowWriter | None = None, *, raw: bool = False) -> None:
        """Keep the writers."""
        self._dates = dates
        self._heights, self._spread = heights, spread
        self._raw = raw

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged heights (dates, n, W), with the variance behind them, and validity; see `protocols.Sink`."""
        heights = scores[: self._dates]
        self._heights.write(_masked(metres(heights if self._raw else heights.clamp(min=0)), valid))
        if self._spread is not None:
            self._spread.write(_masked(scores[self._dates :].clamp(min=0).sqrt_(), valid))


def _masked(values: torch.Tensor, valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(valid, values[0].cpu().numpy(), np.float32(HEIGHT_NODATA))
