"""An image of an earlier date on the grid of a later one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from os import PathLike

import numpy as np
from rasterio.enums import Resampling

from landwright.errors import DataError
from landwright.rasters.grids import grid_of, same_grid
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Raster

_FARTHEST = 0.5
_ROUNDING = 1e-6


def open_before(
    path: str | PathLike[str], after: RasterInfo, *, bands: Sequence[int | str] | None = None
) -> tuple[Raster, tuple[str, ...]]:
    """Open an image of an earlier date so that its pixels lie on those of a later one.

    A grid that is off by up to half a pixel is aligned while reading (bilinear). More than that is refused: a network
    would take the shift for change, and what else differs between two such products is not known.

    Args:
        path: The earlier image.
        after: Grid and type of the later one.
        bands: The bands read of both.

    Returns:
        The raster on the grid of ``after``, and remarks on what was done.

    Raises:
        DataError: The file cannot be opened, has other bands or another type, or its grid differs by more than half a
            pixel, in its size or in its reference system.
    """
    raster = Raster(path, bands=bands)
    try:
        own = raster.info
        offset = _offset(raster, after, path)
    except DataError:
        raster.close()
        raise
    if offset is None:
        alone = own.georeferenced != after.georeferenced
        note = f"only one of it and {after.path} has a georeference: taken as lying on one another"
        return raster, (*own.notes, *([note] if alone else []))
    raster.close()
    aligned = Raster(path, bands=raster.bands, grid=grid_of(after), resampling=Resampling.bilinear)
    return aligned, (*aligned.info.notes, f"lies {offset:.2f} pixels off its later image: aligned while reading")


def _offset(raster: Raster, after: RasterInfo, path: str | PathLike[str]) -> float | None:
    """How many pixels the grid is off, at most half a one; None where the pixels lie on one another."""
    before = raster.info
    if before.dtype != after.dtype:
        raise DataError(
            f"is of type {before.dtype}, its later image {after.path} of type {after.dtype}",
            path=path,
            remedy="Scale both to one type and range, for example with `gdal_translate -scale -ot`",
        )
    warp = f"Warp it onto the grid of {after.path}, for example with `gdalwarp -t_srs ... -te ... -ts ...`"
    if before.shape != after.shape:
        raise DataError(
            f"has {before.width} x {before.height} pixels, its later image {after.path} has {after.width} x "
            f"{after.height}",
            path=path,
            remedy=warp,
        )
    if not (before.georeferenced and after.georeferenced) or same_grid(before, after):
        return None
    if before.crs != after.crs:
        raise DataError(
            f"is in another coordinate reference system than its later image {after.path}", path=path, remedy=warp
        )
    corners = list(product((0, after.width), (0, after.height)))
    moved = [~after.transform @ (before.transform @ corner) for corner in corners]
    offset = float(np.abs(np.subtract(moved, corners)).max())
    if offset > _FARTHEST + _ROUNDING:
        raise DataError(
            f"lies {offset:.1f} pixels off its later image {after.path}; only half a pixel is aligned",
            path=path,
            remedy=warp,
        )
    return offset
