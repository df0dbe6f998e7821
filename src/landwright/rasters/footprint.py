"""Where a raster lies on the grid of another."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pyproj
from numpy.typing import NDArray
from rasterio.crs import CRS

from landwright.errors import DataError
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Grid
from landwright.rasters.window import Window

_SAME = 0.01
_DENSE = 21
"""Points on each side of an outline that is projected: sides become curves."""


class Footprint(NamedTuple):
    """Where a raster lies on a grid.

    Attributes:
        window: Pixels of the grid that it reaches.
        offset: (row, column) of its first pixel on the grid where its pixels lie on those of the grid; else None.
        edges: (4, 3) row and column factor and constant of each side: the distance of a place on the grid from that
            side, in pixels, positive inside.
        scale: Pixels of the raster that one of the grid spans, down and across.
    """

    window: Window
    offset: tuple[int, int] | None
    edges: NDArray[np.float64]
    scale: tuple[float, float]

    def depth(self, window: Window) -> NDArray[np.float32]:
        """(h, w) distance of pixels from the nearest side of the raster, in pixels of the grid.

        A raster of another reference system is taken to have straight sides. Every pixel is computed by itself, so
        that the value does not depend on the window.
        """
        rows = np.arange(window.row, window.row + window.height)[:, None] + 0.5
        columns = np.arange(window.col, window.col + window.width)[None, :] + 0.5
        least = np.full((window.height, window.width), np.inf, np.float32)
        for by_row, by_column, constant in self.edges:
            np.minimum(least, ((by_row * rows + constant) + by_column * columns).astype(np.float32), out=least)
        return least


def footprint(info: RasterInfo, grid: Grid) -> Footprint | None:
    """Find where a georeferenced raster lies on a grid; None where it lies beside it.

    Raises:
        DataError: The raster cannot be placed in the grid's reference system.
    """
    to_pixels = ~grid.transform
    corners = [
        info.transform @ corner for corner in ((0, 0), (info.width, 0), (info.width, info.height), (0, info.height))
    ]
    box = bounds(info, grid.crs)
    # Bounds, not corners: the sides of a raster of another reference system bulge.
    columns, rows = zip(*(to_pixels @ corner for corner in product(box[::2], box[1::2])), strict=True)
    offset = offset_on(info, grid)
    if offset is not None:
        row, col = offset
        window = Window(row, col, info.height, info.width)
    else:
        row, col = math.floor(min(rows)), math.floor(min(columns))
        window = Window(row, col, math.ceil(max(rows)) - row, math.ceil(max(columns)) - col)
    window = clipped(window, Window(0, 0, grid.height, grid.width))
    if window.height < 1 or window.width < 1:
        return None
    if info.crs != grid.crs:
        xs, ys = zip(*corners, strict=True)
        corners = list(zip(*_transformer(_wkt(info.crs), grid.crs.to_wkt()).transform(xs, ys), strict=True))
    outline = np.array([to_pixels @ corner for corner in corners])
    return Footprint(window, offset, _edges(outline), _scale(outline, info))


def offset_on(info: RasterInfo, grid: Grid) -> tuple[int, int] | None:
    """(row, column) of a raster's first pixel on a grid where pixels lie on one another, to a hundredth; else None."""
    if info.crs != grid.crs:
        return None
    to_pixels = ~grid.transform @ info.transform
    col, row = (round(place) for place in to_pixels @ (0, 0))
    for x, y in product((0, info.width), (0, info.height)):
        there = to_pixels @ (x, y)
        if abs(there[0] - x - col) > _SAME or abs(there[1] - y - row) > _SAME:
            return None
    return row, col


def bounds(info: RasterInfo, crs: CRS) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a raster in a reference system.

    Raises:
        DataError: The reference system does not hold where the raster lies, or the raster crosses its seam.
    """
    x, y = zip(*(info.transform @ corner for corner in product((0, info.width), (0, info.height))), strict=True)
    box = (min(x), min(y), max(x), max(y))
    if info.crs == crs:
        return box
    try:
        left, bottom, right, top = _transformer(_wkt(info.crs), crs.to_wkt()).transform_bounds(*box, densify_pts=_DENSE)
    except pyproj.exceptions.ProjError:
        left = bottom = right = top = math.inf
    if not all(map(math.isfinite, (left, bottom, right, top))) or left > right:
        why = "it crosses the 180th meridian" if left > right else "its coordinates have no counterpart there"
        raise DataError(
            f"cannot be placed in {crs.to_string()}: {why}",
            path=info.path,
            remedy="Choose a reference system for that part of the world with --crs",
        )
    return left, bottom, right, top


def clipped(window: Window, to: Window) -> Window:
    """The part of a window inside another; without height or width where there is none."""
    row, col = max(window.row, to.row), max(window.col, to.col)
    height = min(window.row + window.height, to.row + to.height) - row
    width = min(window.col + window.width, to.col + to.width) - col
    return Window(row, col, max(height, 0), max(width, 0))


def _edges(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from the four sides as functions of row and column; corners are (4, 2) of column and row."""
    along = np.roll(corners, -1, axis=0) - corners
    inward = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    # Corners run the other way round on a grid that is turned over.
    inward *= np.sign(((corners.mean(axis=0) - corners) * inward).sum(axis=1))[:, None]
    return np.column_stack([inward[:, 1], inward[:, 0], -(inward * corners).sum(axis=1)])


def _scale(corners: NDArray[np.float64], info: RasterInfo) -> tuple[float, float]:
    """Pixels of a raster for one of the grid, down and across; corners as above, clockwise from the first pixel."""
    across = (corners[1] + corners[2] - corners[0] - corners[3]) / (2 * info.width)
    down = (corners[2] + corners[3] - corners[0] - corners[1]) / (2 * info.height)
    columns, rows = np.linalg.norm(np.linalg.inv(np.column_stack([across, down])), axis=0)
    return float(rows), float(columns)


def _wkt(crs: CRS | None) -> str:
    """The reference system of a raster that has one."""
    return str(CRS.from_user_input(crs).to_wkt())


@lru_cache(maxsize=64)
def _transformer(here: str, there: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(here, there, always_xy=True)
