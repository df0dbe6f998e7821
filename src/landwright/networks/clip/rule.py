"""From similarities of pixels and words to classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from landwright.errors import UsageError

SCALE = 50.0
"""By what the published maps multiply cosines before the softmax, whatever scale a model learned."""
MOST_CLASSES = 254

_ROWS = 64


@dataclass(frozen=True)
class QueryRule:
    """How the synonyms of classes compete at a pixel.

    A softmax runs over all queries, a class gets the largest share among its synonyms, and the largest class wins. The
    more synonyms a vocabulary has, the smaller the shares, which is to be minded where thresholds are set.

    Attributes:
        synonyms: Number of queries of every class; queries follow one another class by class.
        scale: Factor of the similarities before the softmax, or None where values are scores in 0..1 already, which
            do not compete.
        thresholds: Smallest share with which every class may win, in 0..1; none where empty.
        background: Index of the class that pixels below the threshold get; needed where a threshold is above 0.

    Raises:
        UsageError: The numbers do not fit together.
    """

    synonyms: tuple[int, ...]
    scale: float | None = SCALE
    thresholds: tuple[float, ...] = ()
    background: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        classes = len(self.synonyms)
        if not 1 <= classes <= MOST_CLASSES:
            raise UsageError(f"a map of words has 1 to {MOST_CLASSES} classes, not {classes}")
        if any(number < 1 for number in self.synonyms):
            raise UsageError(f"every class needs at least one query, got {list(self.synonyms)}")
        if self.scale is not None and not self.scale > 0:
            raise UsageError(f"scale must be above 0, not {self.scale}")
        if self.thresholds and len(self.thresholds) != classes:
            raise UsageError(f"{len(self.thresholds)} thresholds for {classes} classes", remedy="Give one per class")
        if any(not 0 <= threshold <= 1 for threshold in self.thresholds):
            raise UsageError(f"thresholds must be in 0..1, got {list(self.thresholds)}")
        if self.background is not None and not 0 <= self.background < classes:
            raise UsageError(f"background is class {self.background}, but classes are 0 to {classes - 1}")
        if self.background is None and any(self.thresholds):
            raise UsageError("thresholds need a background class", remedy="Say which class pixels below it get")

    @property
    def queries(self) -> int:
        """Number of queries of all classes."""
        return sum(self.synonyms)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.synonyms)

    @property
    def index(self) -> tuple[int, ...]:
        """Class of every query."""
        return tuple(chain.from_iterable([number] * count for number, count in enumerate(self.synonyms)))

    def probabilities(self, similarities: Tensor, dim: int) -> Tensor:
        """Return the share of every class.

        Args:
            similarities: (..., Q, ...) of any type.
            dim: Axis of the queries.

        Returns:
            Float32 (..., K, ...) in 0..1; the sum over classes is 1 only where no class has two synonyms.
        """
        values = similarities.float()
        return self._best(values if self.scale is None else (values * self.scale).softmax(dim), dim)

    def log_probabilities(self, similarities: Tensor, dim: int) -> Tensor:
        """Return the natural logarithm of :meth:`probabilities`, precise also for shares that are next to nothing."""
        values = similarities.float()
        if self.scale is None:
            return self._best(values, dim).log()
        return self._best((values * self.scale).log_softmax(dim), dim)

    def decide(self, similarities: Tensor) -> tuple[Tensor, Tensor]:
        """Choose the class of every pixel, a few rows at a time.

        Args:
            similarities: (Q, n, W).

        Returns:
            Index of the class as uint8 (n, W), the background's where the winner is below its threshold, and the share
            of the winner as float32 (n, W) in 0..1, or NaN or infinite where a similarity is not finite: the class of
            such a pixel means nothing.
        """
        shape, device = similarities.shape[1:], similarities.device
        indices = torch.empty(shape, dtype=torch.uint8, device=device)
        shares = torch.empty(shape, dtype=torch.float32, device=device)
        classes = torch.tensor(self.index, dtype=torch.uint8, device=device)
        thresholds = torch.tensor(self.thresholds, dtype=torch.float32, device=device)
        for row in range(0, shape[0], _ROWS):
            strip = slice(row, row + _ROWS)
            values = similarities[:, strip].float()
            # The best class is that of the best query: no map per class is needed.
            best, query = values.max(dim=0)
            if self.scale is not None:
                best = ((values - best) * self.scale).exp_().sum(dim=0).reciprocal_()
            winner = classes[query]
            if self.background is not None and self.thresholds:
                winner = winner.masked_fill(best < thresholds[winner.long()], self.background)
            indices[strip], shares[strip] = winner, best
        return indices, shares

    def _best(self, values: Tensor, dim: int) -> Tensor:
        if self.queries == self.classes:
            return values
        return torch.stack([part.amax(dim) for part in torch.split(values, list(self.synonyms), dim)], dim)


def query_rule(
    classes: int,
    synonyms: Sequence[int] | None = None,
    *,
    scale: float | None = SCALE,
    thresholds: Sequence[float] | None = None,
    background: int | None = None,
) -> QueryRule:
    """Make a rule from a network's options.

    Args:
        classes: Number of classes.
        synonyms: Number of queries per class; by default one each.
        scale: See :class:`QueryRule`.
        thresholds: See :class:`QueryRule`.
        background: See :class:`QueryRule`.

    Returns:
        The rule.

    Raises:
        UsageError: The numbers do not fit together.
    """
    counts = (1,) * classes if synonyms is None else tuple(synonyms)
    if not all(isinstance(count, int) for count in counts):
        raise UsageError(
            f"synonyms {synonyms!r} are not whole numbers", remedy="Give the queries of every class, as [1, 2]"
        )
    if len(counts) != classes:
        raise UsageError(f"synonyms are given for {len(counts)} classes, but there are {classes}")
    return QueryRule(counts, scale, tuple(float(value) for value in thresholds or ()), background)
