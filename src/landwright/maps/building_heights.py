"""Base, height and volume of building footprints."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.maps.footprints import Footprints
from landwright.maps.map_values import MapValues
from landwright.maps.zonal import zonal
from landwright.rasters import open_heights

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
        highest: (n,) largest height above ground in metres of the pixels that lie inside by half.
        notes: Plain remarks on the rasters.
    """

    base: NDArray[np.float64]
    height: NDArray[np.float64]
    mean: NDArray[np.float64]
    highest: NDArray[np.float64]
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
        with MapValues(ground, info) as terrain:
            along = shapely.buffer(shapely.boundary(polygons), terrain.reach, quad_segs=2)
            base = zonal(terrain.values, info.shape, along, _GROUND / 100).quantile
            notes += [f"{ground}: {note}" for note in terrain.notes]
    share = np.minimum(1.0, zones.known / shapely.area(polygons))
    return BuildingHeights(base, zones.quantile, zones.mean, zones.maximum, zones.known, share, tuple(notes))
