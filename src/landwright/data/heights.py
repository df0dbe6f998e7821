"""What a look at the heights of a part tells: how much is known, and whether it can be metres above ground."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.rasters import HeightTally

RAISED = 1.0
"""Values above this belong to things that stand on the ground."""

TALL = 20.0
"""A median beyond this is rare in metres and common in feet, among trees and among all that stands on the ground.

Means of whole published sets are 2 to 16 m (SynRS3D's own statistics); 20 m is a tall forest or a quarter of towers, 20
ft is a house of two storeys or an orchard.
"""


@dataclass(frozen=True)
class HeightSurvey:
    """Heights of the windows looked at.

    Attributes:
        unknown: Share of pixels without a usable height, 0..1.
        beyond: Share of pixels beyond 450 m, taken as unknown; part of ``unknown``.
        negative: Share of pixels below 0 m, which are kept.
        percentiles: The 1st, 50th and 99th percentile of the known heights, metres; NaN where none is known.
        notes: Plain remarks on what a user may not expect.
    """

    unknown: float
    beyond: float
    negative: float
    percentiles: tuple[float, float, float]
    notes: tuple[str, ...]


def survey_heights(tally: HeightTally, trees: NDArray[np.float32]) -> HeightSurvey:
    """Sum up a look at heights.

    Args:
        tally: Counts over the windows.
        trees: float32 (n,): known heights where a label says tree, metres; they tell metres from feet best, as towers
            may have any height.

    Returns:
        Shares, percentiles and remarks. That values look like feet is a suspicion, never more.
    """
    values = np.concatenate([*tally.values, np.empty(0, np.float32)])
    pixels = max(tally.pixels, 1)
    unknown, beyond, negative = tally.unknown / pixels, tally.beyond / pixels, tally.negative / pixels
    low, middle, high = (float(value) for value in np.percentile(values, (1, 50, 99))) if len(values) else (np.nan,) * 3
    notes = []
    if unknown:
        further = f", {beyond:.2%} because they are beyond 450 m" if beyond else ""
        notes.append(f"heights: {unknown:.2%} of the pixels looked at are unknown{further}")
    if negative:
        notes.append(f"heights: {negative:.2%} of the pixels looked at are below 0 m, and are kept so")
    if len(values) and values.max() <= 0:
        notes.append("heights: none is above 0 m: is this height above ground, and the right way up?")
    notes += _feet(values, trees)
    return HeightSurvey(unknown, beyond, negative, (low, middle, high), tuple(notes))


def require_heights(tally: HeightTally, path: Path) -> None:
    """Refuse height rasters in which nothing is known.

    Raises:
        DataError: No pixel looked at has a usable height.
    """
    if tally.unknown == tally.pixels:
        raise DataError(
            "has no usable height, nor has any other height raster of this part",
            path=path,
            remedy="Heights are metres above ground, at most 450; check nodata and unit, or leave data.heights out",
        )


def _feet(values: NDArray[np.float32], trees: NDArray[np.float32]) -> list[str]:
    kind, sample = ("trees", trees) if len(trees) else ("all above 1 m", values)
    raised = sample[sample > RAISED]
    if not len(raised) or (median := float(np.median(raised))) <= TALL:
        return []
    return [f"heights: the median of {kind} is {median:.0f}: are these feet? They are read as metres"]
