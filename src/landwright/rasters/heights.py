"""Heights above ground, read on an image's grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from landwright.errors import DataError
from landwright.rasters.grids import grid_of, needs_warp, placement_notes
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Raster
from landwright.rasters.window import Window

HIGHEST = 450.0
"""Metres; larger values are unknown, as published with SynRS3D. So are depths of as much, such as -9999 undeclared."""

_FEET = ("ft", "feet", "foot", "us-ft", "ftus", "survey foot", "us survey foot", "us survey feet")
_KEPT = 4096


@dataclass
class HeightTally:
    """Counts over windows of height rasters.

    Attributes:
        pixels: Pixels looked at.
        unknown: Pixels without a usable height, those of ``beyond`` among them.
        beyond: Pixels of a value beyond 450 m, taken as unknown.
        negative: Pixels below 0 m, which are kept.
        values: Some of the known heights of every window, metres.
    """

    pixels: int = 0
    unknown: int = 0
    beyond: int = 0
    negative: int = 0
    values: list[NDArray[np.float32]] = field(default_factory=list)


class HeightReader:
    """Heights on the grid of an image; a context manager that can be sent to loader workers.

    Attributes:
        path: The file.
        shape: (height, width) of the image's grid.
        aligned: "exact" for the same grid, "warped" for another one (bilinear; values beyond 450 m that are no declared
            nodata reach one of the file's own pixels far there).
        notes: Plain remarks on what a user may not expect.
    """

    path: str
    shape: tuple[int, int]
    aligned: Literal["exact", "warped"]
    notes: tuple[str, ...]

    def __init__(self, path: str | PathLike[str], like: RasterInfo) -> None:
        """Open the raster; `open_heights` is the usual way."""
        self.path = str(path)
        self.shape = like.shape
        raster = Raster(path)
        own = raster.info
        if len(raster.bands) != 1:
            raster.close()
            raise DataError(
                f"has {len(raster.bands)} bands; heights are one band of metres above ground",
                path=path,
                remedy="Extract the band first, for example with `gdal_translate -b`",
            )
        notes = list(own.notes)
        if needs_warp(own, like):
            raster.close()
            raster = Raster(path, grid=grid_of(like), resampling=Resampling.bilinear)
            self.aligned = "warped"
            notes = [*raster.info.notes, *placement_notes(own, like)]
        else:
            self.aligned = "exact"
        if (unit := raster.unit()) is not None and unit.strip().lower() in _FEET:
            notes.append(f"declares its unit as {unit}, but is read as metres: multiply it by 0.3048 first")
        self.notes = tuple(notes)
        self._raster = raster

    def read(self, window: Window | None = None) -> NDArray[np.float32]:
        """Heights of a window (default: all) in metres above ground as (h, w) float32, NaN where unknown.

        Raises:
            DataError: If the file is damaged.
        """
        heights, known = self._heights(window)
        heights[~known | ~_plausible(heights)] = np.nan
        return heights

    def count(self, tally: HeightTally, window: Window | None = None) -> None:
        """Add the pixels of a window to `tally`."""
        heights, known = self._heights(window)
        beyond = known & ~_plausible(heights)
        values = heights[known & ~beyond]
        tally.pixels += heights.size
        tally.unknown += heights.size - values.size
        tally.beyond += int(beyond.sum())
        tally.negative += int((values < 0).sum())
        tally.values.append(values[:: max(1, values.size // _KEPT)])

    def close(self) -> None:
        """Close the file."""
        self._raster.close()

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def _heights(self, window: Window | None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        pixels, valid = self._raster.read_with_valid(window)
        with np.errstate(over="ignore"):  # nodata of 64 bits becomes infinite, and is unknown either way
            return pixels[0].astype(np.float32), valid


def open_heights(path: str | PathLike[str], like: RasterInfo) -> HeightReader:
    """Open a raster of heights above ground on the grid of an image.

    Args:
        path: One band of metres above ground (nDSM). On another grid it is warped (bilinear).
        like: The image's grid.

    Raises:
        DataError: If the raster is missing or damaged, has several bands, or does not lie on the image.
    """
    return HeightReader(path, like)


def _plausible(heights: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.abs(heights) <= HIGHEST
