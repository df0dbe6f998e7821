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

_CELL = 1024
"""Polygons that begin in a square of so many pixels a side are measured on one array,"""
_LONG = 1024
"""if they are no longer than this; the others one by one, by parts of"""
_CELLS = 2**22
"""so many pixels. Neither depends on which other polygons are measured in the same call, and so no result does."""

_HALF = 0.5

Read = Callable[[Window], NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Zones:
    """What a raster holds inside polygons; every pixel counts with the share of it that lies inside.

    Attributes:
        mean: (n,) mean of the known values, NaN where none is known.
        quantile: (n,) quantile of the known values, NaN where none is known or none was asked for.
        known: (n,) pixels with a known value.
        maximum: (n,) largest known value of the pixels that lie inside by half, NaN where there is none.
    """

    mean: NDArray[np.float64]
    quantile: NDArray[np.float64]
    known: NDArray[np.float64]
    maximum: NDArray[np.float64]


def zonal(read: Read, shape: tuple[int, int], polygons: NDArray[Any], quantile: float | None = None) -> Zones:
    """Summarise a raster inside polygons with exactextract, a part of the raster at a time.

    Args:
        read: Returns the values of a window as (h, w), NaN where unknown.
        shape: (height, width) of the raster in pixels.
        polygons: (n,) polygons in pixels (x = column, y = row); parts outside the raster are unknown.
        quantile: Which quantile, 0..1; it needs the pixels of a polygon in memory. None for none.

    Raises:
        UsageError: exactextract is not installed.
    """
    exact_extract, source_class = exactextract()
    source_of = _source_class(source_class)
    wanted = ["mean", "count", f"max(min_coverage_frac={_HALF})"]
    if quantile is not None:
        wanted.append(f"quantile(q={quantile:.6f})")
    table = np.full((4, len(polygons)), np.nan)
    table[2] = 0
    for places, window, whole in _groups(polygons, shape):
        # exactextract counts y upwards.
        flipped = shapely.transform(polygons[places], lambda points: points * (1, -1))
        zones = [
            {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)} for polygon in flipped
        ]
        source = source_of(_held(read(window), window) if whole else read, window)
        done = exact_extract(source, zones, wanted, max_cells_in_memory=_CELLS)
        for place, zone in zip(places, done, strict=True):
            # The names of some go on with their settings.
            facts = {name.partition("_")[0]: value for name, value in zone["properties"].items()}
            if facts["count"] > 0:
                table[:, place] = [
                    np.nan if facts.get(name) is None else facts[name] for name in ("mean", "quantile", "count", "max")
                ]
    return Zones(*table)


def _held(values: NDArray[np.floating[Any]], window: Window) -> Read:
    """Read from an array that holds a window."""

    def read(part: Window) -> NDArray[np.floating[Any]]:
        row, col = part.row - window.row, part.col - window.col
        return values[row : row + part.height, col : col + part.width]

    return read


def _source_class(base: Any) -> Callable[[Read, Window], Any]:
    """Return the class that lets exactextract read parts of a window."""

    class Source(base):  # type: ignore[misc]  # known only once exactextract is imported
        def __init__(self, read: Read, window: Window) -> None:
            super().__init__()
            self._read, self._window = read, window

        def res(self) -> tuple[float, float]:
            return 1.0, 1.0

        def srs_wkt(self) -> None:
            return None

        def nodata_value(self) -> None:
            return None

        def extent(self) -> tuple[float, float, float, float]:
            row, col, height, width = self._window
            return float(col), float(-(row + height)), float(col + width), float(-row)

        def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[np.floating[Any]]:
            return self._read(Window(self._window.row + y0, self._window.col + x0, ny, nx))

    return Source


def _groups(polygons: NDArray[Any], shape: tuple[int, int]) -> Iterator[tuple[NDArray[np.intp], Window, bool]]:
    """Places of polygons, the window around them, and whether to hold all of it."""
    height, width = shape
    bounds = shapely.bounds(polygons).reshape(-1, 4)
    left, top = np.maximum(0, np.floor(bounds[:, :2])).astype(int).T
    right, bottom = np.ceil(bounds[:, 2:]).astype(int).T
    right, bottom = np.minimum(width, right), np.minimum(height, bottom)

    def around(places: NDArray[np.intp]) -> Window:
        row, col = int(top[places].min()), int(left[places].min())
        return Window(row, col, int(bottom[places].max()) - row, int(right[places].max()) - col)

    seen = (bottom > top) & (right > left)
    long = seen & (np.maximum(bottom - top, right - left) > _LONG)
    for place in np.flatnonzero(long):
        yield np.array([place]), around(np.array([place])), False
    near = np.flatnonzero(seen & ~long)
    square = (top // _CELL * (width // _CELL + 1) + left // _CELL)[near]
    order = np.argsort(square, kind="stable")
    for places in np.split(near[order], np.flatnonzero(np.diff(square[order])) + 1):
        if len(places):
            yield places, around(places), True


def exactextract() -> tuple[Any, Any]:
    """Return what measures polygons, and the class of what it reads from.

    Raises:
        UsageError: exactextract is not installed.
    """
    try:
        from exactextract import exact_extract
        from exactextract.raster import RasterSource
    except ImportError as error:
        raise UsageError(
            f"measuring inside polygons needs a package that is not installed: {error.name}",
            remedy="Install landwright[vector]",
        ) from error
    return exact_extract, RasterSource
