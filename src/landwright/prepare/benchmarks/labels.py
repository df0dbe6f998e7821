"""From a publisher's label to the values that the benchmark's labels hold."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from landwright.data.benchmarks import Benchmark, Picture
from landwright.errors import DataError
from landwright.legends import load_legend
from landwright.legends.lookup import UNKNOWN, by_colour, tally_colours

_MOST_UNKNOWN: Final = 0.1
_SHOWN: Final = 5
# Above what JPEG makes of a 1, far below what it makes of 255.
_FAINT: Final = 16

Pair = tuple[tuple[int, int, int], int]


def label_values(benchmark: Benchmark, label: Picture) -> tuple[NDArray[np.uint8], list[str]]:
    """Read a label.

    Args:
        benchmark: The set that it belongs to.
        label: The file as published.

    Returns:
        (H, W) uint8 values of the benchmark's labels, and remarks.

    Raises:
        DataError: If it holds something else than labels of this set.
    """
    match benchmark.raw.holds:
        case "values":
            return _checked(benchmark, label), []
        case "colours":
            return _from_colours(benchmark, label)
        case "grey":
            return _from_grey(benchmark, label), []


def _checked(benchmark: Benchmark, label: Picture) -> NDArray[np.uint8]:
    codes = label.codes()
    strange = benchmark.indices(codes) == UNKNOWN
    if strange.any():
        raise DataError(
            benchmark.describe_strange(codes[strange]),
            path=label.path,
            remedy=f"Use the published labels: {benchmark.raw.obtain} ({benchmark.url})",
        )
    return codes


def _from_colours(benchmark: Benchmark, label: Picture) -> tuple[NDArray[np.uint8], list[str]]:
    colours = label.colours()
    values = by_colour(colours, _table(benchmark))
    strange = values == UNKNOWN
    count = int(np.count_nonzero(strange))
    if not count:
        return values, []
    found = tally_colours(colours[:, strange]).most_common(_SHOWN)
    shown = "; ".join(f"{colour} ({pixels} px)" for colour, pixels in found)
    if count > _MOST_UNKNOWN * values.size:
        raise DataError(
            f"{count / values.size:.0%} of its pixels have colours that no class has, such as {shown}",
            path=label.path,
            remedy=f"Use the published colour masks: {benchmark.raw.obtain} ({benchmark.url})",
        )
    values[strange] = benchmark.ignored_value
    return values, [f"{label.path.name}: {count} pixels have a colour that no class has ({shown}): ignored"]


def _table(benchmark: Benchmark) -> list[Pair]:
    colours = benchmark.raw.colours
    if isinstance(colours, str):
        legend = load_legend(colours)
        ignored = [(colour, 0) for colour in legend.ignore_colours]
        return [*((colour, index) for index, colour in enumerate(legend.colours, 1)), *ignored]
    return [(entry.colour, entry.value) for entry in colours]


def _from_grey(benchmark: Benchmark, label: Picture) -> NDArray[np.uint8]:
    levels, threshold = label.grey(), benchmark.raw.threshold
    if threshold > _FAINT > levels.max() > 0:
        raise DataError(
            f"holds levels of 0 to {levels.max()} where 0 and 255 are expected: it was converted already",
            path=label.path,
            remedy=f"Use the published masks: {benchmark.raw.obtain} ({benchmark.url})",
        )
    return (levels >= threshold).astype(np.uint8)
