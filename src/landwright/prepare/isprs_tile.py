"""Read one tile of an ISPRS set: image, heights above ground, classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.legends import IGNORE, Legend
from landwright.legends.lookup import UNKNOWN
from landwright.prepare.above_ground import Tally
from landwright.prepare.elevation import Metres, one_band
from landwright.prepare.ground import find_ground
from landwright.prepare.isprs_files import IsprsTile
from landwright.rasters import RasterInfo, open_raster

_IMPERVIOUS = 0
_MOST_UNKNOWN = 0.1
_HALF = 0.5


@dataclass(frozen=True)
class TileArrays:
    """What a tile holds, all on the grid of its image.

    Attributes:
        image: (3, H, W) uint8 colours as published.
        heights: (H, W) float32 metres above ground, NaN where unknown.
        classes: (H, W) uint8 class indices, 255 where ignored.
        info: The grid.
        notes: Plain remarks.
    """

    image: NDArray[np.uint8]
    heights: Metres
    classes: NDArray[np.uint8]
    info: RasterInfo
    notes: tuple[str, ...]


def read_tile(tile: IsprsTile, legend: Legend, gsd: float, *, paper: bool = False) -> TileArrays:
    """Read a tile.

    The ground is found in the whole tile. The published preparation ran a filter of SAGA on each slice of 512 pixels,
    with a pixel of 0.09 m for Potsdam too; that is not reproduced.

    Args:
        tile: Its files.
        legend: Classes by colour.
        gsd: Metres per pixel where the image does not tell.
        paper: Colours outside the legend are impervious surface, as published; by default they are ignored.

    Raises:
        DataError: If a file is damaged or of another kind, the files do not fit each other, or the mask's colours are
            not the legend's on more than a tenth of the tile.
    """
    with open_raster(tile.top) as raster:
        info = raster.info
        if len(raster.bands) != 3 or info.dtype != "uint8":
            raise DataError(
                f"has {len(raster.bands)} bands of {info.dtype}", path=tile.top, remedy="Expected are 3 of uint8"
            )
        image = raster.read()
    surface = surface_on(info, tile.dsm)
    classes, notes = read_classes(info, tile.label, legend, paper=paper)
    if info.gsd is None and _placed(info):
        # World files tell the pixel's size without naming the CRS, which is metric in both sets.
        gsd = math.sqrt(abs(info.transform.determinant))
    tally = Tally()
    heights = tally.add(surface, find_ground(surface, info.gsd or gsd))
    if not tally.known:
        raise DataError("holds no height: all of it is nodata", path=tile.dsm, remedy="Copy or download it again")
    return TileArrays(image, heights, classes, info, (*notes, *(f"{tile.dsm.name}: {n}" for n in tally.remarks())))


def surface_on(info: RasterInfo, path: Path) -> Metres:
    """Read a surface model on the grid of its image: whole pixels are shifted, nothing is resampled.

    Args:
        info: The image's grid.
        path: The surface model.

    Returns:
        (H, W) float32 metres, NaN where unknown or not covered.

    Raises:
        DataError: If it lies elsewhere, or its pixels do not lie on the image's within half a pixel.
    """
    with open_raster(path) as raster:
        one_band(raster, str(path))
        own = raster.info
        pixels, valid = raster.read_with_valid()
    heights: Metres = np.where(valid, pixels[0], np.nan).astype(np.float32)
    if not (_placed(own) and _placed(info)):
        if own.shape != info.shape:
            raise DataError(
                f"has {own.width} x {own.height} pixels, its image {info.path} has {info.width} x {info.height}",
                path=path,
                remedy="Without a georeference they must be of one size: keep the .tfw files beside the images",
            )
        return heights
    onto = ~info.transform @ own.transform
    col, row = round(onto.c), round(onto.f)
    right, bottom = onto @ (own.width, own.height)
    off = max(abs(onto.c - col), abs(onto.f - row), abs(right - own.width - col), abs(bottom - own.height - row))
    if off > _HALF or (own.crs is not None and info.crs is not None and own.crs != info.crs):
        raise DataError(
            f"does not lie on the pixels of its image {info.path}",
            path=path,
            remedy="Use the surface model that was published with the image",
        )
    placed = np.full(info.shape, np.nan, np.float32)
    top, left = max(row, 0), max(col, 0)
    part = heights[top - row : max(info.height - row, 0), left - col : max(info.width - col, 0)]
    if not part.size:
        raise DataError(f"does not overlap its image {info.path}", path=path, remedy="Check the .tfw files")
    placed[top : top + part.shape[0], left : left + part.shape[1]] = part
    return placed


def read_classes(
    info: RasterInfo, path: Path, legend: Legend, *, paper: bool = False
) -> tuple[NDArray[np.uint8], list[str]]:
    """Read a mask of colours as class indices.

    Args:
        info: The image's grid.
        path: The mask.
        legend: Classes by colour.
        paper: As for `read_tile`.

    Returns:
        (H, W) uint8 indices, 255 where ignored; and remarks.

    Raises:
        DataError: If it has another size than the image, no colours, or too many that the legend does not have.
    """
    with open_raster(path) as raster:
        if raster.shape != info.shape:
            raise DataError(
                f"has {raster.info.width} x {raster.info.height} pixels, its image {info.path} has {info.width} x "
                f"{info.height}",
                path=path,
                remedy="Use the mask that was published with the image",
            )
        if len(raster.bands) != 3 or raster.info.dtype != "uint8":
            raise DataError(
                f"has {len(raster.bands)} bands of {raster.info.dtype}; masks hold colours in 3 of uint8",
                path=path,
                remedy="Use the published mask",
            )
        colours = raster.read()
    indices = legend.look_up_rgb(colours)
    unknown = int(np.count_nonzero(indices == UNKNOWN))
    if unknown > _MOST_UNKNOWN * indices.size:
        raise legend.unknown_error(legend.unknown_colours(colours, indices), colours=True, path=path)
    fate = "impervious surface, as published" if paper else "ignored"
    notes = [f"{path.name}: {unknown} pixels have a colour that no class has: {fate}"] if unknown else []
    if paper:
        indices[(indices == UNKNOWN) | (indices == IGNORE)] = _IMPERVIOUS
    indices[indices == UNKNOWN] = IGNORE
    return indices, notes


def _placed(info: RasterInfo) -> bool:
    return bool(info.transform != Affine.identity())
