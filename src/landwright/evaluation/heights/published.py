"""The protocol of the height scores published with SynRS3D (Song et al., NeurIPS 2024)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from landwright.evaluation.heights.base import ONE_SET, HeightProtocol, nothing_to_score
from landwright.evaluation.heights.errors import Heights
from landwright.evaluation.heights.result import HeightResult, HeightSet
from landwright.rasters import Window

CATEGORIES = {"whole": 0.0, "low": 1.0, "mid": 2.0, "high": 3.0}
"""Metres above which a pixel of reference **or** prediction puts it into the category."""

RATIOS = tuple(1.25**power for power in (1, 2, 3))
FEWEST = 49
"""Pixels below which an image does not count for a category."""

SIGNIFICANT = 1.0
"""Metres above which a height counts as found, for F1."""

_CLOSE = 0.5
_LEAST = 1e-6
_HIGHEST = 450.0
_TILE, _CROP = 512, 504

_RULE = (
    "Unknown reference heights (NaN, nodata, above 450 m) count as ground of 0 m, as published. Pixels without a "
    "prediction, which the published evaluation does not know, are not scored but counted as unmapped."
)

Figures = dict[str, float | None]


@dataclass
class _Image:
    """What one image adds up to.

    Attributes:
        table: Per category: pixels, sums of absolute errors, squares and |log10|, and hits within three ratios.
        raised: Per category: pixels of reference, and of prediction, above its threshold.
        hits: Pixels that both find, within three ratios.
        others: Pixels invented, missed, and rightly left on the ground.
        unmapped: Pixels without a prediction.
        unknown: Pixels whose reference is no height and counts as ground.
    """

    table: Tensor = field(default_factory=lambda: torch.zeros(len(CATEGORIES), 7, dtype=torch.float64))
    raised: Tensor = field(default_factory=lambda: torch.zeros(len(CATEGORIES), 2, dtype=torch.float64))
    hits: Tensor = field(default_factory=lambda: torch.zeros(len(RATIOS), dtype=torch.float64))
    others: Tensor = field(default_factory=lambda: torch.zeros(3, dtype=torch.float64))
    unmapped: int = 0
    unknown: int = 0


class SynRS3DHeight(HeightProtocol):
    """Figures per image, then their mean over the images of a set, then over sets.

    Heights of 0 m and less become 1e-6 m in both, so that the ratios of ground pixels are all but arbitrary: in the
    category ``whole`` the deltas are very low even for good maps. RMSE is the mean of the images' RMSE and no root of a
    mean. In F1, pixels that both find but at too different a height are neither invented nor missed.
    """

    name: ClassVar[str] = "synrs3d-height"
    description: ClassVar[str] = (
        "as published with SynRS3D: per image, over the pixels where reference or prediction is above 0 (whole), 1 "
        "(low), 2 (mid) or 3 m (high); then the mean over the images, and over sets. Tiles of 512 x 512 pixels count "
        "in their central 504 x 504."
    )

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """Start with no pixels; classes have no place in the published figures."""
        super().__init__(classes)
        self._sets: dict[str, dict[str, _Image]] = {}

    def area(self, shape: tuple[int, int]) -> Window:
        """Return the centre of a published tile, and all of an image of any other size."""
        if shape != (_TILE, _TILE):
            return super().area(shape)
        edge = (_TILE - _CROP) // 2
        return Window(edge, edge, _CROP, _CROP)

    def update(
        self,
        prediction: Heights,
        reference: Heights,
        *,
        name: str,
        group: str | None = None,
        classes: Heights | None = None,
    ) -> None:
        """Count one image, or a part of one; see ``HeightProtocol.update``."""
        found = torch.as_tensor(prediction).detach().double().cpu()
        wanted = torch.as_tensor(reference).detach().double().cpu()
        if found.shape != wanted.shape:
            raise ValueError(f"prediction {tuple(found.shape)} and reference {tuple(wanted.shape)} differ")
        image = self._sets.setdefault(group or ONE_SET, {}).setdefault(name, _Image())
        mapped = found.isfinite()
        image.unmapped += int((~mapped).sum())
        found, wanted = found[mapped], wanted[mapped]
        known = wanted <= _HIGHEST  # false of NaN
        image.unknown += int((~known).sum())
        wanted = torch.where(known, wanted, 0.0)
        found, wanted = found.clamp(min=_LEAST), wanted.clamp(min=_LEAST)
        error = (found - wanted).abs()
        ratio = torch.maximum(found / wanted, wanted / found)
        within = torch.stack([ratio < limit for limit in RATIOS])
        logs = (found / wanted).log10().abs()
        sums = torch.cat([torch.stack([torch.ones_like(error), error, error.square(), logs]), within.double()])
        above = torch.stack([torch.stack([wanted > limit, found > limit]) for limit in CATEGORIES.values()])
        image.table += above.any(1).double() @ sums.T
        image.raised += above.sum(-1)
        there, seen = wanted > SIGNIFICANT, found > SIGNIFICANT
        image.hits += (within & there & seen).sum(-1)
        ground = ~there & ~seen & (error < _CLOSE)
        image.others += torch.stack([(seen & ~there).sum(), (there & ~seen).sum(), ground.sum()])

    def compute(self) -> HeightResult:
        """Return the figures; see ``HeightProtocol.compute``."""
        images = [image for found in self._sets.values() for image in found.values()]
        pixels = round(sum(float(image.table[0, 0]) for image in images))
        if not pixels:
            raise nothing_to_score()
        sets = tuple(_set(name, found.values()) for name, found in self._sets.items())
        return HeightResult(
            protocol=self.name,
            description=self.description,
            values=_mean([of.values for of in sets]),
            sets=sets,
            ignore_rule=_RULE,
            images=len(images),
            pixels=pixels,
            unmapped=sum(image.unmapped for image in images),
            notes=_notes(images, sets),
        )


def _notes(images: Sequence[_Image], sets: Sequence[HeightSet]) -> tuple[str, ...]:
    notes = []
    if unknown := sum(image.unknown for image in images):
        notes.append(f"{unknown:,} pixels without a usable reference height count as ground.")
    short = {category: len(images) - sum(of.images[category] for of in sets) for category in CATEGORIES}
    if lacking := [
        f"{category} leaves out {count} of {len(images)} images" for category, count in short.items() if count
    ]:
        notes.append(f"Too few pixels above the threshold: {'; '.join(lacking)}.")
    return tuple(notes)


def _set(name: str, images: Iterable[_Image]) -> HeightSet:
    each = [_figures(image) for image in images]
    counted = {category: sum(figures[f"mae_{category}"] is not None for figures in each) for category in CATEGORIES}
    return HeightSet(name=name, images=counted, values=_mean(each))


def _mean(each: Sequence[Figures]) -> Figures:
    """The mean of every figure over those that have it."""
    means: Figures = {}
    for name in each[0]:
        found = [value for figures in each if (value := figures[name]) is not None]
        means[name] = math.fsum(found) / len(found) if found else None
    return means


def _figures(image: _Image) -> Figures:
    figures: Figures = {}
    counts: dict[str, bool] = {}
    for category, sums, raised in zip(CATEGORIES, image.table.tolist(), image.raised.tolist(), strict=True):
        pixels = sums[0]
        counts[category] = valid = min(raised) > 0 and pixels >= FEWEST
        mae, mse, log, *deltas = (amount / pixels if valid else None for amount in sums[1:])
        rmse = None if mse is None else math.sqrt(mse)
        named = {"mae": mae, "mse": mse, "rmse": rmse, "log10": log}
        named |= {f"delta{place}": delta for place, delta in enumerate(deltas, start=1)}
        figures |= {f"{metric}_{category}": value for metric, value in named.items()}
    invented, missed, ground = image.others.tolist()
    for place, hits in enumerate(image.hits.tolist(), start=1):
        scores = _agreement(hits, invented, missed, ground)
        figures |= {f"{metric}_{place}": value if counts["whole"] else None for metric, value in scores.items()}
    return figures


def _agreement(hits: float, invented: float, missed: float, ground: float) -> dict[str, float]:
    """F1 of heights and what goes with it; 0 where undefined, as published."""
    total = hits + invented + missed + ground
    precision, recall = _ratio(hits, hits + invented), _ratio(hits, hits + missed)
    accuracy = _ratio(hits + ground, total)
    raised, flat = (hits + invented) * (hits + missed), (missed + ground) * (invented + ground)
    chance = _ratio(raised + flat, total**2)
    return {
        "f1": _ratio(2 * precision * recall, precision + recall),
        "precision": precision,
        "recall": recall,
        "oa": accuracy,
        "kappa": _ratio(accuracy - chance, 1 - chance),
    }


def _ratio(amount: float, whole: float) -> float:
    return amount / whole if whole else 0.0
