"""Read a raster of quantities on the grid of a map."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.rasters import Raster, RasterInfo, Window
from landwright.rasters.grids import grid_of, needs_warp, placement_notes


class MapValues(Raster):
    """Values on the grid of a map, such as elevations or percent; unlike heights above ground they may be of any size.

    Attributes:
        reach: One of the larger pixels, of map and file, in pixels of the map.
        notes: Plain remarks on the file's place.
    """

    def __init__(self, path: str | PathLike[str], like: RasterInfo) -> None:
        """Open the raster.

        Raises:
            DataError: It has several bands, is unreadable or does not lie on the map.
        """
        with Raster(path) as plain:
            own, bands = plain.info, len(plain.bands)
        if bands != 1:
            raise DataError(
                f"has {bands} bands; values on a map have one",
                path=path,
                remedy="Extract the band first, for example with `gdal_translate -b`",
            )
        warp = needs_warp(own, like)
        super().__init__(path, grid=grid_of(like) if warp else None)
        self.notes = tuple(placement_notes(own, like)) if warp else ()
        self.reach = max(1.0, (own.gsd or 0.0) / (like.gsd or 1.0))

    def values(self, window: Window) -> NDArray[np.float64]:
        """Values of a window as (h, w), NaN where unknown."""
        pixels, valid = self.read_with_valid(window)
        return np.where(valid, pixels[0].astype(np.float64), np.nan)
