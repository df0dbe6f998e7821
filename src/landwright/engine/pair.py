"""Two dates of one place, read as one image."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Source
from landwright.errors import DataError
from landwright.rasters import Raster, RasterInfo, Window, open_raster
from landwright.rasters.raster import Grid

_SAME = 0.01
_NEAR = 0.5
"""Pixels: beyond it the dates would show different ground, and nobody asked for resampling."""


class PairSource:
    """The bands of the earlier date, then those of the later; the engine's `Source`.

    A pixel is valid where both dates are.

    Args:
        before: The earlier date, on the grid of the later one.
        after: The later date, which gives the grid.
    """

    def __init__(self, before: Source, after: Source) -> None:
        """Settle the common type of the pixels."""
        self._before, self._after = before, after
        dtype = np.result_type(np.dtype(before.info.dtype), np.dtype(after.info.dtype))
        self.info: RasterInfo = replace(after.info, dtype=dtype.name)
        self.bands = (*before.bands, *after.bands)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._after.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (2C, h, w), the earlier first, and validity (h, w)."""
        earlier, earlier_valid = self._before.read_with_valid(window)
        later, later_valid = self._after.read_with_valid(window)
        return np.concatenate([earlier, later]), earlier_valid & later_valid


def open_before(path: str | Path, after: Raster, bands: Sequence[int | str] | None) -> tuple[Raster, list[str]]:
    """Open the earlier date on the grid of the later one.

    Args:
        path: The earlier image.
        after: The later image.
        bands: Bands of both, in the model's order.

    Returns:
        The earlier image, warped (bilinear) where it is shifted by up to half a pixel, and what the user should know.

    Raises:
        DataError: The file is missing or damaged, or its grid is another: size, reference system, or a shift beyond
            half a pixel.
    """
    with ExitStack() as stack:
        before = stack.enter_context(open_raster(path, bands=bands))
        shift = _shift(before.info, after.info)
        if shift <= _SAME:
            stack.pop_all()
            return before, []
    grid = Grid(after.info.crs, after.info.transform, after.info.height, after.info.width)
    note = f"the earlier image is shifted by {shift:.2g} of a pixel and was warped onto the later one (bilinear)"
    return Raster(path, bands=bands, grid=grid), [note]


def _shift(before: RasterInfo, after: RasterInfo) -> float:
    """Return how far pixels of the two lie apart, in pixels."""
    if before.shape != after.shape:
        raise _other_grid(
            before, after, f"has {before.width} x {before.height} pixels, not {after.width} x {after.height} as"
        )
    if not before.georeferenced and not after.georeferenced:
        return 0.0
    if before.crs != after.crs:
        raise _other_grid(before, after, "has another coordinate reference system than")
    corners = product((0, after.width), (0, after.height))
    there = ~after.transform @ before.transform
    shift = max(abs(a - b) for corner in corners for a, b in zip(there @ corner, corner, strict=True))
    if shift > _NEAR:
        raise _other_grid(before, after, f"is shifted by {shift:.3g} pixels against")
    return float(shift)


def _other_grid(before: RasterInfo, after: RasterInfo, problem: str) -> DataError:
    return DataError(
        f"{problem} the later image {after.path}",
        path=before.path,
        remedy="Bring both onto one grid first, for example with `rio warp BEFORE OUT --like AFTER`; only shifts of up "
        "to half a pixel are mended here",
    )
