"""Area of each class from a map and a reference sample, with confidence intervals.

The mapped area of a class is biased by the map's errors. The estimators here correct it with the error matrix, taking
the map's classes as strata: Olofsson et al. (2014), "Good practices for estimating area and assessing accuracy of land
change", Remote Sensing of Environment 148, 42-57, equations 1 to 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Z = 1.96
"""Half-width of a 95 % interval in standard errors."""

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]

ASSUMPTION = (
    "The intervals hold for reference pixels drawn at random within each mapped class. Where the reference covers "
    "whole scenes, neighbouring pixels repeat each other and the reference may be only part of the mapped ground: the "
    "intervals are then far too narrow, and say nothing about scenes that were not measured."
)


class Estimate(BaseModel):
    """A figure with its standard error; both ``None`` where they cannot be computed.

    Attributes:
        value: The estimate.
        error: Its standard error, in the same unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: float | None
    error: float | None

    @property
    def margin(self) -> float | None:
        """Half-width of the 95 % interval (1.96 standard errors)."""
        return None if self.error is None else Z * self.error


class AreaRow(BaseModel):
    """Area and accuracy of one class.

    Attributes:
        name: Class.
        mapped: Share of the map, 0..1.
        sample: Reference pixels in this mapped class.
        share: Error-adjusted share of the map, 0..1.
        mapped_m2: Mapped area in square metres, if the pixel size is known.
        area_m2: Error-adjusted area in square metres, if the pixel size is known.
        users: User's accuracy, 0..1.
        producers: Producer's accuracy, 0..1, with the strata's weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    mapped: float
    sample: int
    share: Estimate
    mapped_m2: float | None
    area_m2: Estimate | None
    users: Estimate
    producers: Estimate


class AreaTable(BaseModel):
    """Error-adjusted areas of all classes.

    Attributes:
        rows: Per class in the order of the legend.
        overall: Overall accuracy with the strata's weights, 0..1.
        pixels: Mapped pixels in all classes.
        total_m2: Mapped area in square metres, if the pixel size is known.
        notes: What the intervals assume, and what could not be estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: tuple[AreaRow, ...]
    overall: Estimate
    pixels: int
    total_m2: float | None
    notes: tuple[str, ...]


def area_table(
    matrix: NDArray[np.integer] | Sequence[Sequence[int]],
    mapped: NDArray[np.integer] | Sequence[int],
    names: Sequence[str],
    *,
    pixel_m2: float | None = None,
) -> AreaTable:
    """Estimate areas and accuracies from an error matrix and the mapped pixel counts.

    Args:
        matrix: Counts of reference pixels (K, K), rows reference, columns mapped class, as in ``confusion``.
        mapped: Pixels of each class in the whole map (K,), those without a reference included.
        names: K class names.
        pixel_m2: Ground area of a pixel in square metres, if it is known.

    Returns:
        The estimates. A mapped class with fewer than two reference pixels has no variance; then every figure that
        depends on it has no standard error, and a note says so. One with no reference pixel at all leaves the
        adjusted areas open.

    Raises:
        ValueError: The shapes do not fit, or nothing was mapped.
    """
    strata = np.asarray(matrix, dtype=np.float64).T  # the paper's rows are map classes
    pixels = np.asarray(mapped, dtype=np.float64)
    if strata.shape != (len(names), len(names)) or pixels.shape != (len(names),):
        raise ValueError(f"matrix {strata.T.shape} and mapped {pixels.shape} do not fit {len(names)} classes")
    if not pixels.sum():
        raise ValueError("no pixel is mapped")
    used, sample = pixels > 0, strata.sum(1)
    # A class that the map never shows is no stratum; it must not turn sums into NaN.
    strata, weights = strata[used], pixels[used] / pixels.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        result = _estimates(strata, weights, np.flatnonzero(used))
    total = None if pixel_m2 is None else float(pixels.sum()) * pixel_m2
    rows = tuple(
        AreaRow(
            name=name,
            mapped=float(pixels[place] / pixels.sum()),
            sample=int(sample[place]),
            share=_estimate(result["share"], place),
            mapped_m2=None if pixel_m2 is None else float(pixels[place]) * pixel_m2,
            area_m2=None if total is None else _estimate(result["share"], place, factor=total),
            users=_estimate(result["users"], place),
            producers=_estimate(result["producers"], place),
        )
        for place, name in enumerate(names)
    )
    notes = [ASSUMPTION]
    thin = [name for name, mapped_here, count in zip(names, used, sample, strict=True) if mapped_here and count < 2]
    if thin:
        notes.append(f"Too few reference pixels (fewer than 2) where the map shows: {', '.join(thin)}.")
    return AreaTable(
        rows=rows, overall=_estimate(result["overall"], 0), pixels=int(pixels.sum()), total_m2=total, notes=tuple(notes)
    )


def _estimates(strata: NDArray[np.float64], weights: NDArray[np.float64], places: NDArray[np.intp]) -> dict[str, Pair]:
    """Return values and variances of shares, user's, producer's and overall accuracy; NaN where undefined.

    ``strata`` is (M, K): the M mapped classes, at ``places`` among the K classes of the reference.
    """
    classes = strata.shape[1]
    count = strata.sum(1, keepdims=True)
    ratio = strata / count
    spread = weights[:, None] ** 2 * ratio * (1 - ratio) / (count - 1)  # eq. 10 (under the root), per cell
    spread[(count < 2)[:, 0]] = np.nan
    share = (weights[:, None] * ratio).sum(0)  # eq. 9

    own = (np.arange(len(places)), places)
    users, users_variance = np.full((2, classes), np.nan)
    users[places] = ratio[own]  # eq. 2
    users_variance[places] = spread[own] / weights**2  # eq. 6
    found, found_variance = np.zeros((2, classes))
    found[places] = (weights[:, None] * ratio)[own]
    found_variance[places] = spread[own]
    producers = found / share  # eq. 3
    # Equation 7, with the mapped total of a class as its weight and the estimated total as its share.
    others = spread.sum(0) - found_variance
    producers_variance = ((1 - producers) ** 2 * found_variance + producers**2 * others) / share**2
    overall = np.array([found.sum()]), np.array([spread[own].sum()])  # eq. 1 and 5
    return {
        "share": (share, spread.sum(0)),
        "users": (users, users_variance),
        "producers": (producers, producers_variance),
        "overall": overall,
    }


def _estimate(pair: Pair, place: int, *, factor: float = 1.0) -> Estimate:
    value, error = pair[0][place] * factor, np.sqrt(pair[1][place]) * factor
    return Estimate(value=_optional(value), error=_optional(error))


def _optional(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
