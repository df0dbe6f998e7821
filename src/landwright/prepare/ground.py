"""The ground below a surface model: found by a filter, or read from a terrain model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from rasterio.fill import fillnodata

from landwright.errors import DataError, UsageError
from landwright.prepare.elevation import Elevation, Metres
from landwright.rasters import RasterInfo, Window

Strip = tuple[Metres, Metres]
"""Rows of the surface and of the ground below them, (h, W) metres each, NaN where unknown."""

Progress = Callable[[int, int], None]
"""Called with the numbers of finished and of all pixels."""

_BLOCK = 4096
_ROWS = 512
_DISTRIBUTION = "dsm2dtm"
LARGEST_RADIUS = 80.5
"""Metres: half of the filter's largest window. What is wider than 161 m in every direction counts as ground."""


def filter_name() -> str:
    """Return name and version of the ground filter.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"
    except PackageNotFoundError as error:
        raise UsageError(
            "finding the ground needs the package dsm2dtm, which is not installed",
            remedy="pip install 'landwright[height]', or give a terrain model with --dtm",
        ) from error


def find_ground(surface: Metres, gsd: float, *, radius: float | None = None, slope: float | None = None) -> Metres:
    """Find the ground by the progressive morphological filter of dsm2dtm.

    Args:
        surface: (H, W) heights of the surface in metres, NaN where unknown; a whole tile, not a crop: what fills the
            crop would count as ground.
        gsd: Metres per pixel.
        radius: Half the width in metres of the widest thing that stands on the ground; `LARGEST_RADIUS` by default.
        slope: Rise over run of the ground; estimated by default.

    Returns:
        (H, W) float32 metres, never above the surface; NaN where no ground lies within 100 m.
    """
    from dsm2dtm.algorithm import dsm_to_dtm

    if not np.isfinite(surface).any():
        return surface
    ground: Metres = dsm_to_dtm(surface, (gsd, gsd), kernel_radius_meters=radius, slope=slope, nodata=np.nan)
    return ground


def filtered_strips(
    surface: Elevation, gsd: float, *, radius: float | None = None, progress: Progress | None = None
) -> Iterator[Strip]:
    """Find the ground of a whole raster in blocks, each with all the ground around it that the filter can see.

    Memory grows with the raster's width only, not with its height. A raster of one block is filtered in one go.

    Args:
        surface: The surface model.
        gsd: Metres per pixel.
        radius: As for `find_ground`.
        progress: Called after each block.
    """
    from dsm2dtm import tiling

    def read(block: tiling.Window) -> Metres:
        return surface.read(Window(block.row_off, block.col_off, block.height, block.width))

    shape = surface.info.shape
    done = 0
    # One slope for the whole raster: with one for each block there would be steps where they meet.
    slope = tiling.estimate_slope_tiled(read, shape, gsd, np.nan, _BLOCK)
    for tile in tiling.plan_tiles(shape, _BLOCK, tiling.halo_pixels(gsd, radius)):
        block = read(tile.read)
        ground = find_ground(block, gsd, radius=radius, slope=slope)
        if tile.core.col_off == 0:
            above, below = np.empty((2, tile.core.height, shape[1]), np.float32)
        part = np.s_[:, tile.core.col_off : tile.core.col_off + tile.core.width]
        above[part], below[part] = tile.crop(block), tile.crop(ground)
        done += tile.core.height * tile.core.width
        if progress:
            progress(done, shape[0] * shape[1])
        if tile.core.col_off + tile.core.width == shape[1]:
            for row in range(0, tile.core.height, _ROWS):
                yield above[row : row + _ROWS], below[row : row + _ROWS]


def terrain_strips(
    surface: Elevation,
    terrain: Elevation,
    gsd: float,
    *,
    fill: float | None = None,
    progress: Progress | None = None,
) -> Iterator[Strip]:
    """Read a terrain model below a surface model.

    Args:
        surface: The surface model.
        terrain: The terrain model on its grid.
        gsd: Metres per pixel.
        fill: Fill holes of the terrain model from what lies within so many metres, weighted by inverse distance; the
            whole model is in memory then. By default holes stay.
        progress: Called after each strip.
    """
    filled = None if fill is None else _filled(terrain.read(), fill / gsd)
    height, width = surface.info.shape
    for row in range(0, height, _ROWS):
        window = Window(row, 0, min(_ROWS, height - row), width)
        ground = terrain.read(window) if filled is None else filled[row : row + window.height]
        yield surface.read(window), ground
        if progress:
            progress((row + window.height) * width, height * width)


def metres_per_pixel(info: RasterInfo) -> float:
    """Return the ground size of a pixel of a raster whose pixels are alike everywhere.

    Raises:
        DataError: If its CRS counts in degrees.
    """
    if info.crs is not None and info.crs.is_geographic:
        from odc.geo.geobox import GeoBox  # slow to import, and seldom needed

        zone = GeoBox(info.shape, info.transform, info.crs).extent.to_crs("utm").crs
        raise DataError(
            "its CRS counts in degrees; the ground filter needs square pixels in metres",
            path=info.path,
            remedy=f"Reproject it first, for example with `gdalwarp -r bilinear -t_srs {zone}`, or give --dtm",
        )
    if info.gsd is None:
        raise DataError(
            "its CRS does not tell how large a pixel is on the ground",
            path=info.path,
            remedy="Reproject it first, for example to the UTM zone of the place",
        )
    return info.gsd


def _filled(ground: Metres, pixels: float) -> Metres:
    # What lies too far from known ground stays NaN.
    filled: Metres = fillnodata(
        ground.copy(), mask=np.isfinite(ground), max_search_distance=pixels, smoothing_iterations=0
    )
    return filled
