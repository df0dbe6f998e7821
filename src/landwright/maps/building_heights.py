"""Base, height and volume of building footprints."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.maps.footprints import Footprints
from landwright.maps.zonal import zonal
from landwright.rasters import Raster, RasterInfo, Window, open_heights
from landwright.rasters.grids import grid_of, needs_warp, placement_notes

_GROUND = 10.0
"""Percentile of the terrain along an outline that is the base."""


@dataclass(frozen=True)
class BuildingHeights:
    """What is known of the third dimension of footprints; NaN is unknown.

    Attributes:
        base: (n,) elevation of the base in metres; 0 without a terrain model.
        height: (n,) metres from the base to the roof.
        mean: (n,) mean height above ground in metres.
        pixels: (n,) pixels of the map with a known height.
        share: (n,) the same as a share of the footprint, 0..1.
        notes: Plain remarks on the rasters.
    """

    base: NDArray[np.float64]
    height: NDArray[np.float64]
    mean: NDArray[np.float64]
    pixels: NDArray[np.float64]
    share: NDArray[np.float64]
    notes: tuple[str, ...]


def building_heights(
    footprints: Footprints,
    height: str | PathLike[str],
    *,
    ground: str | PathLike[str] | None = None,
    percentile: float = 90.0,
) -> BuildingHeights:
    """Measure footprints in a raster of heights above ground and, for their base, in a terrain model.

    The base is the 10th percentile of the terrain within a pixel of the outline, inside and outside: the terrain under
    a roof is often a hole or a guess. A pixel is the larger one of map and terrain model.

    Args:
        footprints: The footprints.
        height: Heights above ground (nDSM) in metres, on any grid.
        ground: Elevations of the terrain (DTM) in metres, on any grid; without it all bases are 0.
        percentile: Percentile, 0..100, of the heights inside a footprint that is the roof's; a high one, because pixels
            along the walls mix roof and ground, and not the maximum, because of chimneys, trees and errors.

    Raises:
        UsageError: exactextract is not installed.
        DataError: A raster is damaged or does not lie on the map.
    """
    polygons, info = footprints.pixels, footprints.info
    with open_heights(height, info) as heights:
        zones = zonal(heights.read, info.shape, polygons, percentile / 100)
        notes = [f"{height}: {note}" for note in heights.notes]
    base = np.zeros(len(polygons))
    if ground is not None:
        with Terrain(ground, info) as terrain:
            along = shapely.buffer(shapely.boundary(polygons), terrain.reach, quad_segs=2)
            base = zonal(terrain.elevations, info.shape, along, _GROUND / 100).quantile
            notes += [f"{ground}: {note}" for note in terrain.notes]
    share = np.minimum(1.0, zones.known / shapely.area(polygons))
    return BuildingHeights(base, zones.quantile, zones.mean, zones.known, share, tuple(notes))


class Terrain(Raster):
    """Elevations on the grid of a map; unlike heights above ground they may be of any size.

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
                f"has {bands} bands; elevations have one",
                path=path,
                remedy="Extract the band first, for example with `gdal_translate -b`",
            )
        warp = needs_warp(own, like)
        super().__init__(path, grid=grid_of(like) if warp else None)
        self.notes = tuple(placement_notes(own, like)) if warp else ()
        self.reach = max(1.0, (own.gsd or 0.0) / (like.gsd or 1.0))

    def elevations(self, window: Window) -> NDArray[np.float64]:
        """Elevations of a window, NaN where unknown."""
        pixels, valid = self.read_with_valid(window)
        return np.where(valid, pixels[0].astype(np.float64), np.nan)
