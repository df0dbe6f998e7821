"""One grid for images of many grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from landwright.errors import DataError, UsageError
from landwright.rasters.footprint import bounds, footprint, offset_on
from landwright.rasters.grids import grid_of
from landwright.rasters.gsd import ground_resolution
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Grid, open_raster
from landwright.rasters.survey import Image

_LONGEST = 2**31 - 1
_NEAR = 1e-5


def common_grid(images: Sequence[Image]) -> Grid | None:
    """The grid that all images lie on already, such as the tiles of an orthophoto; None where there is none.

    Pixels of the images are those of the grid, to a hundredth of a pixel: nothing is resampled. A single image has its
    own grid, georeferenced or not.
    """
    infos = [image.info for image in images]
    grid = grid_of(infos[0])
    if len(infos) == 1:
        return grid
    if not all(info.georeferenced for info in infos):
        return None
    places = []
    for info in infos:
        if (place := offset_on(info, grid)) is None:
            return None
        places.append((*place, place[0] + info.height, place[1] + info.width))
    top, left = (min(place[side] for place in places) for side in (0, 1))
    bottom, right = (max(place[side] for place in places) for side in (2, 3))
    return _checked(Grid(grid.crs, grid.transform @ Affine.translation(left, top), bottom - top, right - left))


def target_grid(
    images: Sequence[Image],
    *,
    crs: str | CRS | None = None,
    gsd: float | None = None,
    like: str | PathLike[str] | None = None,
) -> Grid:
    """The grid to map images on.

    It holds all of them, north up, and its pixels start at multiples of their size, so that maps made at different
    times fit each other.

    Args:
        images: The images, as `survey` found them.
        crs: Reference system; by default that of the first image, or its UTM zone where that is geographic and a
            ``gsd`` in metres is asked for.
        gsd: Metres on the ground per pixel, > 0; by default those of the finest image.
        like: A raster whose grid is taken as it is, in place of the other two.

    Raises:
        UsageError: ``crs`` or ``gsd`` make no sense, or are given beside ``like``.
        DataError: An image or ``like`` is not georeferenced, an image cannot be placed in the reference system, or
            none lies on the grid.
    """
    infos = [image.info for image in images]
    for info in infos:
        _refuse_unplaced(info)
    if like is not None:
        if crs is not None or gsd is not None:
            raise UsageError("--like gives the whole grid", remedy="Leave out --crs and --gsd")
        return _like(like, infos)
    if gsd is not None and not (math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"a pixel of {gsd:g} m makes no grid", remedy="Give --gsd in metres, above 0")
    system = _named(crs) if crs is not None else _own(infos[0], metres=gsd is not None)
    boxes = np.array([bounds(info, system) for info in infos])
    box = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    if gsd is None:
        across, down = _finest(infos, system, box)
    else:
        across = down = _side(gsd, system, box)
    from odc.geo import resxy_  # slow to import, and seldom needed
    from odc.geo.geobox import GeoBox

    found = GeoBox.from_bbox(box, str(system.to_wkt()), resolution=resxy_(across, -down))
    return _checked(Grid(system, found.affine, *found.shape))


def _finest(infos: Sequence[RasterInfo], system: CRS, box: tuple[float, ...]) -> tuple[float, float]:
    """Sides of the pixels of the finest image in the reference system's unit."""
    finest = min(infos, key=lambda info: math.inf if info.gsd is None else info.gsd)
    place = finest.transform
    if finest.crs == system:
        if place.b == place.d == 0:
            return abs(place.a), abs(place.e)
        side = math.sqrt(abs(place.determinant))
        return side, side
    if finest.gsd is None:
        raise DataError(
            "the ground size of its pixels is unknown", path=finest.path, remedy="Say how large pixels are to be: --gsd"
        )
    side = _side(finest.gsd, system, box)
    return side, side


def _side(gsd: float, system: CRS, box: tuple[float, ...]) -> float:
    """Side of a pixel in the reference system's unit that is so many metres on the ground, in the middle of a box."""
    unit = _NEAR if system.is_geographic else 1.0
    middle = Affine(unit, 0.0, (box[0] + box[2]) / 2, 0.0, -unit, (box[1] + box[3]) / 2)
    metres = ground_resolution(system, middle, (0, 0))
    if not metres:
        raise UsageError(
            f"how large a metre is in {system.to_string()} is not known there", remedy="Choose another --crs"
        )
    return gsd / (metres / unit)


def _named(crs: str | CRS) -> CRS:
    try:
        found = CRS.from_user_input(crs)
    except CRSError:
        found = CRS()
    if not (found.is_projected or found.is_geographic):
        raise UsageError(f"{crs} is no reference system for maps", remedy="Give --crs as EPSG:32631 or as WKT")
    return found


def _own(info: RasterInfo, *, metres: bool) -> CRS:
    """The reference system of an image, or its UTM zone where pixels are to be metres and the image has degrees."""
    system = CRS.from_user_input(info.crs)
    if not (system.is_geographic and metres):
        return system
    from odc.geo.crs import CRS as OdcCRS  # as above

    left, bottom, right, top = bounds(info, CRS.from_epsg(4326))
    return CRS.from_epsg(OdcCRS.utm((left + right) / 2, (bottom + top) / 2).epsg)


def _like(path: str | PathLike[str], infos: Sequence[RasterInfo]) -> Grid:
    with open_raster(path) as raster:
        info = raster.info
    _refuse_unplaced(info)
    grid = grid_of(info)
    if not any(footprint(image, grid) for image in infos):
        raise DataError(
            f"none of the {len(infos)} images lies on its grid"
            if len(infos) > 1
            else f"{infos[0].path} lies beside it",
            path=info.path,
            remedy="Check which files belong together and that their reference systems are right",
        )
    return grid


def _refuse_unplaced(info: RasterInfo) -> None:
    if not info.georeferenced:
        raise DataError(
            "has no georeference: where it lies on a grid is unknown",
            path=info.path,
            remedy="Give it one, or map it alone",
        )


def _checked(grid: Grid) -> Grid:
    if max(grid.height, grid.width) > _LONGEST:
        raise DataError(
            f"the images span {grid.width} x {grid.height} pixels, more than a raster can have",
            remedy="Choose a coarser --gsd, or map them in parts",
        )
    return grid
