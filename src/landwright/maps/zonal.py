"""Statistics of a raster inside polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.errors import UsageError
from landwright.rasters import Window

_ROWS = 512


@dataclass(frozen=True)
class Zones:
    """What a raster holds inside polygons; every pixel counts with the share of it that lies inside.

    Attributes:
        mean: (n,) mean of the known values, NaN where none is known.
        quantile: (n,) quantile of the known values, NaN where none is known.
        known: (n,) pixels with a known value.
    """

    mean: NDArray[np.float64]
    quantile: NDArray[np.float64]
    known: NDArray[np.float64]


def zonal(
    read: Callable[[Window], NDArray[np.floating[Any]]],
    shape: tuple[int, int],
    polygons: NDArray[Any],
    quantile: float,
) -> Zones:
    """Summarise a raster inside polygons with exactextract, some rows of the raster at a time.

    Args:
        read: Returns the values of a window as (h, w), NaN where unknown.
        shape: (height, width) of the raster in pixels.
        polygons: (n,) polygons in pixels (x = column, y = row); parts outside the raster are unknown.
        quantile: Which quantile, 0..1.

    Raises:
        UsageError: exactextract is not installed.
    """
    exact_extract, source_of = exactextract()
    table = np.full((3, len(polygons)), np.nan)
    table[2] = 0
    for places, window in _strips(polygons, shape):
        bottom, right = window.row + window.height, window.col + window.width
        # exactextract counts y upwards.
        source = source_of(read(window), window.col, -bottom, right, -window.row)
        flipped = shapely.transform(polygons[places], lambda points: points * (1, -1))
        zones = [
            {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)} for polygon in flipped
        ]
        done = exact_extract(source, zones, ["mean", f"quantile(q={quantile:.6f})", "count"])
        for place, zone in zip(places, done, strict=True):
            # The name of a quantile ends with its percentage, in whole numbers.
            facts = {name.partition("_")[0]: value for name, value in zone["properties"].items()}
            if facts["count"] > 0:
                table[:, place] = facts["mean"], facts["quantile"], facts["count"]
    return Zones(*table)


def _strips(polygons: NDArray[Any], shape: tuple[int, int]) -> Iterator[tuple[NDArray[np.intp], Window]]:
    """Places of the polygons that start within some rows, and the window around them."""
    height, width = shape
    left, top, right, bottom = shapely.bounds(polygons).reshape(-1, 4).T
    strip = (top // _ROWS).astype(int)
    for number in np.unique(strip):
        here = np.flatnonzero(strip == number)
        low, high = max(0, int(top[here].min())), min(height, int(np.ceil(bottom[here].max())))
        west, east = max(0, int(left[here].min())), min(width, int(np.ceil(right[here].max())))
        yield here, Window(low, west, high - low, east - west)


def exactextract() -> tuple[Any, Any]:
    """Return what measures polygons, and the class that gives it an array.

    Raises:
        UsageError: exactextract is not installed.
    """
    try:
        from exactextract import exact_extract
        from exactextract.raster import NumPyRasterSource
    except ImportError as error:
        raise UsageError(
            f"heights of polygons need a package that is not installed: {error.name}",
            remedy="Install landwright[vector]",
        ) from error
    return exact_extract, NumPyRasterSource
