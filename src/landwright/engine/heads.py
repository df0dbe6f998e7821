"""From what a network returns to scores that may be averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from landwright.engine.merge import Merger
from landwright.errors import UsageError
from landwright.networks import Outputs

_ROWS = 32


class Head(Protocol):
    """Takes its part of a network's outputs."""

    @property
    def channels(self) -> int:
        """Number K of score maps."""

    def __call__(self, outputs: Sequence[Outputs], scores: Tensor) -> None:
        """Write into float32 (B, K, t, t) what the outputs of every date say."""


class ClassHead:
    """Class probabilities, or logits where a published procedure averages those.

    Args:
        classes: Number of classes in the network's legend.
        merger: Sums the probabilities of classes that become one, or None.
        averages_logits: Leave the logits as they are.

    Attributes:
        channels: Number of classes, after merging.
    """

    def __init__(self, classes: int, merger: Merger | None = None, *, averages_logits: bool = False) -> None:
        """Count the channels."""
        self.channels = classes if merger is None else merger.classes
        self._classes, self._merger, self._averages_logits = classes, merger, averages_logits

    def __call__(self, outputs: Sequence[Outputs], scores: Tensor) -> None:
        """Write the scores of the only date."""
        (only,) = outputs
        if only.classes is None:
            raise UsageError("the network has no class head", remedy="Choose a model that maps classes")
        logits = all_logits(only.classes, self._classes)
        if self._averages_logits:
            scores.copy_(logits)
        elif self._merger is not None:
            scores.copy_(self._merger(probabilities(logits, torch.empty(logits.shape, device=logits.device))))
        else:
            probabilities(logits, scores)


class QueryHead:
    """Similarities to every word, which are averaged before any class is chosen, as published with SegEarth-OV.

    Args:
        queries: Number Q of words.

    Attributes:
        channels: Number of words.
    """

    def __init__(self, queries: int) -> None:
        """Count the channels."""
        self.channels = queries

    def __call__(self, outputs: Sequence[Outputs], scores: Tensor) -> None:
        """Write the similarities of the only date."""
        (only,) = outputs
        if only.queries is None:
            raise UsageError("the network tells nothing of words", remedy="Choose a model of words")
        scores.copy_(only.queries)


class HeightHead:
    """Heights above ground in metres, one channel for each date.

    Args:
        dates: 1, or 2 for a difference of heights.

    Attributes:
        channels: Number of dates.
    """

    def __init__(self, dates: int = 1) -> None:
        """Note the number of dates."""
        self.channels = dates

    def __call__(self, outputs: Sequence[Outputs], scores: Tensor) -> None:
        """Write the heights, those of the earlier date first."""
        for date, output in enumerate(outputs):
            if output.height is None:
                raise UsageError("the network has no height head", remedy="Choose a model that maps heights")
            scores[:, date : date + 1] = output.height


def metres(heights: Tensor) -> Tensor:
    """Return the height of one date, or by how much that of the earlier date exceeds that of the later.

    Args:
        heights: (..., dates, h, w).

    Returns:
        (..., 1, h, w).
    """
    return heights if heights.shape[-3] == 1 else heights[..., :1, :, :] - heights[..., 1:, :, :]


def probabilities(logits: Tensor, out: Tensor) -> Tensor:
    """Turn class logits into probabilities.

    Args:
        logits: (B, K, H, W), of any type and memory format.
        out: Float32 (B, K, H, W) to be filled.

    Returns:
        ``out``, in 0..1, summing to 1 at every pixel.
    """
    # Less than half the time of torch.softmax over the second axis and a copy: pieces stay in the processor's cache.
    for source, rows in zip(_strips(logits), _strips(out), strict=True):
        rows.copy_(source)
        rows.sub_(rows.amax(dim=1, keepdim=True)).exp_()
        rows.div_(rows.sum(dim=1, keepdim=True))
    return out


def _strips(maps: Tensor) -> Iterator[Tensor]:
    for row in range(0, maps.shape[2], _ROWS):
        yield maps[:, :, row : row + _ROWS]


def all_logits(logits: Tensor, classes: int) -> Tensor:
    """Return one logit per class (B, classes, H, W); where there is one for two classes, it is the second's.

    The first is then 0, so that a softmax of both is the sigmoid, and keeps the digits that 1 - sigmoid(x) would lose.

    Raises:
        ValueError: The network's number of logits does not fit the legend.
    """
    if logits.shape[1] == classes:
        return logits
    if logits.shape[1] == 1 and classes == 2:
        return torch.cat([torch.zeros_like(logits), logits], dim=1)
    raise ValueError(f"{logits.shape[1]} logits do not fit {classes} classes")
