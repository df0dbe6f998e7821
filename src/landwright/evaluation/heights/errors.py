"""Sums from which errors of heights follow: light enough for validation during training."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.evaluation.heights.result import HeightRow

Heights = Tensor | NDArray[Any]

EDGES = (1.0, 3.0, 6.0, 12.0, 25.0, 50.0)
"""Metres above ground that part the ranges; an edge belongs to the range below it."""

HIGH = 3.0
"""Reference heights above this many metres count as raised: about one storey, as in the published evaluation."""

RANGES = (
    f"up to {EDGES[0]:g} m",
    *(f"{low:g} to {high:g} m" for low, high in pairwise(EDGES)),
    f"above {EDGES[-1]:g} m",
)

_SUMS = 4
_CONSTANT = 1e-12
"""Variance as a share of the mean square below which heights count as constant, and have no correlation."""


class HeightErrors:
    """Errors of heights over all pixels, whatever image they are of.

    ``update`` may be called for any part of any image in any order, on any device. Pixels whose reference is NaN or
    infinite are left out; those whose prediction is, are counted as unmapped.

    Args:
        classes: Number of classes that errors are told apart by.
    """

    def __init__(self, classes: int = 0) -> None:
        """Start with no pixels."""
        self._classes = classes
        self._rows = torch.zeros(len(RANGES) + classes, _SUMS, dtype=torch.float64)
        self._moments = torch.zeros(6, dtype=torch.float64)

    def update(self, prediction: Heights, reference: Heights, classes: Heights | None = None) -> None:
        """Count pixels.

        Args:
            prediction: Metres, of any shape; NaN where there is none.
            reference: Metres of the same shape; NaN where it is unknown.
            classes: Reference classes 0..K-1 of the same shape, others are of no class.

        Raises:
            ValueError: The shapes differ.
        """
        found = torch.as_tensor(prediction).detach().flatten().double()
        wanted = torch.as_tensor(reference).to(found.device).flatten().double()
        if torch.as_tensor(prediction).shape != torch.as_tensor(reference).shape:
            raise ValueError(f"prediction {tuple(prediction.shape)} and reference {tuple(reference.shape)} differ")
        known, mapped = wanted.isfinite(), found.isfinite()
        both = known & mapped
        found, wanted = found[both], wanted[both]
        error = found - wanted
        sums = torch.stack([torch.ones_like(error), error, error.abs(), error.square()], dim=1)
        place = torch.bucketize(wanted, wanted.new_tensor(EDGES))
        # A product with masks rather than a scatter, whose order is not fixed on a GPU.
        masks = [place == number for number in range(len(RANGES))]
        if self._classes and classes is not None:
            of = torch.as_tensor(classes).to(found.device).flatten()[both]
            masks += [of == number for number in range(self._classes)]
        rows = torch.stack([mask.to(sums.dtype) @ sums for mask in masks])
        self._rows[: len(rows)] += rows.cpu()
        moments = (found, wanted, found.square(), wanted.square(), found * wanted)
        self._moments += torch.stack([*(values.sum() for values in moments), (known & ~mapped).sum()]).cpu()

    def state(self) -> Tensor:
        """Return all that was counted as one float64 vector; the vectors of several processes may be summed."""
        return torch.cat([self._rows.flatten(), self._moments])

    def load_state(self, state: Tensor) -> None:
        """Take the sum of the vectors that ``state`` returned in several processes.

        Args:
            state: float64 vector as returned by ``state``.
        """
        state = state.detach().double().cpu()
        self._rows = state[: self._rows.numel()].reshape(self._rows.shape).clone()
        self._moments = state[self._rows.numel() :].clone()

    @property
    def pixels(self) -> int:
        """Pixels scored."""
        return round(float(self._rows[: len(RANGES), 0].sum()))

    @property
    def unmapped(self) -> int:
        """Pixels with a reference but without a prediction."""
        return round(float(self._moments[-1]))

    def values(self) -> dict[str, float]:
        """Return the figures, NaN where undefined.

        Returns:
            ``mae``, ``rmse`` and ``bias`` (prediction minus reference) in metres, ``correlation`` (Pearson) in -1..1,
            and of the pixels whose reference is above 3 m ``mae_high``, ``rmse_high`` and ``share_high`` (of all).
        """
        whole, high = self._ranges(0), self._ranges(EDGES.index(HIGH) + 1)
        return {
            "mae": _ratio(whole[2], whole[0]),
            "rmse": math.sqrt(_ratio(whole[3], whole[0])),
            "bias": _ratio(whole[1], whole[0]),
            "correlation": self._correlation(),
            "mae_high": _ratio(high[2], high[0]),
            "rmse_high": math.sqrt(_ratio(high[3], high[0])),
            "share_high": _ratio(high[0], whole[0]),
        }

    def rows(self, classes: tuple[str, ...] = ()) -> tuple[HeightRow, ...]:
        """Return errors of all pixels, of those above 3 m, by ranges of the reference height, and by class.

        Args:
            classes: Names in the order of their indices, as many as were told apart; kinds without a pixel are left
                out but for the first two.
        """
        always = [("all", "all", self._ranges(0)), ("above 3 m", "above", self._ranges(EDGES.index(HIGH) + 1))]
        names = [*((name, "range") for name in RANGES), *((name, "class") for name in classes)]
        parts = [(*name, row.tolist()) for name, row in zip(names, self._rows[: len(names)], strict=True) if row[0]]
        total = max(1, self.pixels)
        return tuple(_row(name, kind, sums, total) for name, kind, sums in [*always, *parts])

    def _ranges(self, first: int) -> list[float]:
        sums: list[float] = self._rows[first : len(RANGES)].sum(0).tolist()
        return sums

    def _correlation(self) -> float:
        count = self.pixels
        if not count:
            return math.nan
        found, wanted, found2, wanted2, product = (self._moments[:5] / count).tolist()
        spreads = found2 - found**2, wanted2 - wanted**2
        if spreads[0] <= _CONSTANT * found2 or spreads[1] <= _CONSTANT * wanted2:
            return math.nan
        return float((product - found * wanted) / math.sqrt(spreads[0] * spreads[1]))


def _row(name: str, kind: str, sums: list[float], total: int) -> HeightRow:
    pixels, error, absolute, squared = sums
    some = pixels > 0
    return HeightRow(
        name=name,
        kind=kind,
        pixels=round(pixels),
        share=pixels / total,
        mae=absolute / pixels if some else None,
        rmse=math.sqrt(squared / pixels) if some else None,
        bias=error / pixels if some else None,
    )


def _ratio(amount: float, count: float) -> float:
    return amount / count if count else math.nan
