"""Where a raster lies on the globe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.crs import CRS
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

_POINTS = 20
_HALF = 180
_DIGITS = 1e-7
"""Grid of coordinates in degrees: a centimetre."""


Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west is greater than east for what crosses the antimeridian."""


class Footprint(NamedTuple):
    """Outline and box in degrees of longitude and latitude (WGS 84).

    Attributes:
        geometry: GeoJSON; cut at the antimeridian.
        bbox: The box.
    """

    geometry: dict[str, Any]
    bbox: Box


def footprint(crs: CRS, transform: Affine, height: int, width: int) -> Footprint | None:
    """Return the footprint of a grid.

    Args:
        crs: Its reference system.
        transform: Pixel to reference system.
        height: Rows.
        width: Columns.

    Returns:
        The footprint; None where the reference system has no place on the globe, or the grid lies outside its domain.
    """
    try:
        box = GeoBox((height, width), transform, crs)
        outline = box.footprint("EPSG:4326", npoints=_POINTS).geom
        if outline.bounds[2] - outline.bounds[0] > _HALF:  # it may be the rest of the globe; the cut takes its time
            outline = box.footprint("EPSG:4326", npoints=_POINTS, wrapdateline=True).geom
    except (ValueError, RuntimeError):
        return None
    shape = shapely.set_precision(_wrapped(shapely.make_valid(outline)), _DIGITS)
    # Cuts may leave lines behind.
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    if not parts or not all(math.isfinite(value) for value in shape.bounds):
        return None
    shape = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    west, south, east, north = shape.bounds
    if west <= -180 and east >= 180 and len(parts) > 1:
        west = min(part.bounds[0] for part in parts if part.bounds[0] > 0 or part.bounds[2] >= 180)
        east = max(part.bounds[2] for part in parts if part.bounds[0] <= -180)
    return Footprint(shapely.geometry.mapping(shapely.orient_polygons(shape)), (west, south, east, north))


def _wrapped(shape: BaseGeometry) -> BaseGeometry:
    """Bring longitudes beyond 180 degrees, as of grids of degrees from 0 to 360, back to the globe."""
    turns = (-360, 0, 360)
    parts = [
        translate(shapely.intersection(shape, shapely.box(-180 - turn, -90, 180 - turn, 90)), turn) for turn in turns
    ]
    return shapely.union_all([part for part in parts if shapely.area(part) > 0])


def box_of(boxes: Sequence[Box]) -> Box:
    """Return the box of several; if that is more than half the globe wide, all but their widest gap."""
    west, south, east, north = zip(*boxes, strict=True)
    south_most, north_most = min(south), max(north)
    crossing = any(left > right for left, right in zip(west, east, strict=True))
    if max(east) - min(west) <= _HALF and not crossing:
        return min(west), south_most, max(east), north_most
    spans = sorted((left, right if left <= right else right + 360) for left, right in zip(west, east, strict=True))
    reach, gaps = spans[0][1], []
    for left, right in spans[1:]:
        gaps.append((left - reach, left, reach))
        reach = max(reach, right)
    gaps.append((spans[0][0] + 360 - reach, spans[0][0], reach))
    gap, left, right = max(gaps)
    if gap <= 0:
        return -180.0, south_most, 180.0, north_most
    return left, south_most, right if right <= 180 else right - 360, north_most
