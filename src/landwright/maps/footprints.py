"""Polygons of one class of a map, with their areas on the ground."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio import features

from landwright.errors import DataError
from landwright.rasters import Raster, RasterInfo, Window

Progress = Callable[[int, int], None]

_ROWS = 512
_TOLERANCE = 1.25
"""Pixels that an outline may move by default. The steps along a straight wall lie up to 1.4 pixels apart across it;
from here on few of them are left, and areas of buildings of 14 to 60 pixels a side stay right within 2 %."""


@dataclass(frozen=True)
class Footprints:
    """The polygons of one class, ordered by their upper and then their left edge.

    Attributes:
        pixels: (n,) polygons in the map's pixels: x = column, y = row.
        shapes: (n,) the same in the map's reference system.
        areas: (n,) square metres on the ground.
        small: How many polygons were left out because they are smaller than the smallest area wanted.
        info: Grid of the map.
    """

    pixels: NDArray[Any]
    shapes: NDArray[Any]
    areas: NDArray[np.float64]
    small: int
    info: RasterInfo


def find_footprints(
    raster: Raster,
    code: int,
    *,
    min_area: float = 10.0,
    simplify: float | None = None,
    progress: Progress | None = None,
) -> Footprints:
    """Outline the connected pixels of one class; pixels that touch at a corner only belong to two polygons.

    The class of the whole map is held as one byte per pixel. Holes are kept. Outlines are simplified after Douglas and
    Peucker, each polygon by itself and so that it stays valid.

    Args:
        raster: The map; one band of class codes with a georeference.
        code: The class.
        min_area: Smallest polygon kept, in square metres.
        simplify: How far an outline may move, in metres: 0 keeps the steps of the pixels; None is 1.25 pixels, which
            makes a straight line of nearly all walls.
        progress: Called with the pixels read and their number.

    Raises:
        DataError: The raster holds no class codes, or its ground size is not known.
    """
    info = raster.info
    _refuse_unfit(raster)
    assert info.gsd is not None  # or refused
    mask = _mask(raster, code, progress)
    found = features.shapes(mask, mask=mask.view(np.bool_), connectivity=4)
    pixels = np.array([shapely.geometry.shape(polygon) for polygon, _ in found], dtype=object)
    left, top, right, bottom = shapely.bounds(pixels).reshape(-1, 4).T
    pixels = pixels[np.lexsort((right, bottom, left, top))]
    large = ground_areas(_on_ground(pixels, info), info) >= min_area
    tolerance = _TOLERANCE if simplify is None else simplify / info.gsd
    kept = pixels[large] if tolerance == 0 else shapely.simplify(pixels[large], tolerance)
    shapes = _on_ground(kept, info)
    return Footprints(kept, shapes, ground_areas(shapes, info), int(np.count_nonzero(~large)), info)


def true_to_scale(info: RasterInfo) -> bool:
    """Whether lengths in the map's reference system are those on the ground, within half a percent.

    Holds for UTM and national grids; not for degrees, nor for EPSG:3857 away from the equator.
    """
    if info.gsd is None:
        return False
    nominal = math.sqrt(abs(info.transform.determinant)) * _unit(info)
    return math.isclose(info.gsd, nominal, rel_tol=1e-9)


def ground_areas(shapes: NDArray[Any], info: RasterInfo) -> NDArray[np.float64]:
    """Square metres of polygons in the map's reference system, along the ellipsoid where that is not true to scale.

    Args:
        shapes: (n,) polygons.
        info: Grid of the map.
    """
    if true_to_scale(info):
        areas: NDArray[np.float64] = shapely.area(shapes) * _unit(info) ** 2
        return areas
    system = _system(info)
    geod = system.get_geod()
    assert geod is not None and system.geodetic_crs is not None  # or the ground size is not known
    to_degrees = pyproj.Transformer.from_crs(system, system.geodetic_crs, always_xy=True)
    degrees = shapely.transform(shapes, lambda points: np.column_stack(to_degrees.transform(*points.T)))
    oriented = shapely.orient_polygons(degrees)
    return np.array([abs(geod.geometry_area_perimeter(polygon)[0]) for polygon in oriented])


def _system(info: RasterInfo) -> pyproj.CRS:
    assert info.crs is not None  # or the ground size is not known
    return pyproj.CRS.from_wkt(info.crs.to_wkt())


def _unit(info: RasterInfo) -> float:
    """Metres per unit of the reference system; of degrees, radians."""
    return float(_system(info).axis_info[0].unit_conversion_factor)


def _refuse_unfit(raster: Raster) -> None:
    info = raster.info
    if len(raster.bands) != 1 or not np.issubdtype(np.dtype(info.dtype), np.integer):
        raise DataError(
            f"has {len(raster.bands)} bands of type {info.dtype}; a map has one band of class codes",
            path=info.path,
            remedy="Give the class map that `landwright predict` wrote, or extract the band with the codes",
        )
    if info.gsd is None:
        raise DataError(
            "says too little about its place on the Earth to measure areas",
            path=info.path,
            remedy="Assign its reference system and place, for example with `gdal_edit.py -a_srs -a_ullr`",
        )


def _mask(raster: Raster, code: int, progress: Progress | None) -> NDArray[np.uint8]:
    height, width = raster.shape
    mask = np.empty((height, width), np.uint8)
    for row in range(0, height, _ROWS):
        rows = min(_ROWS, height - row)
        codes, valid = raster.read_with_valid(Window(row, 0, rows, width))
        mask[row : row + rows] = (codes[0] == code) & valid
        if progress is not None:
            progress((row + rows) * width, height * width)
    return mask


def _on_ground(pixels: NDArray[Any], info: RasterInfo) -> NDArray[Any]:
    place = info.transform
    matrix = np.array([[place.a, place.b], [place.d, place.e]])
    shapes: NDArray[Any] = shapely.transform(pixels, lambda points: points @ matrix.T + (place.c, place.f))
    return shapes
