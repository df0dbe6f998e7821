"""Write small arrays as cloud-optimized GeoTIFF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile

from landwright.rasters.gdal import settings, without_georeference_warning
from landwright.rasters.layout import cog_options
from landwright.rasters.output import atomic_output

_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def write_cog(
    path: str | PathLike[str],
    array: NDArray[Any],
    *,
    crs: CRS | None = None,
    transform: Affine | None = None,
    nodata: float | None = None,
    colormap: Mapping[int, tuple[int, int, int, int]] | None = None,
    descriptions: Sequence[str | None] | None = None,
    tags: Mapping[str, str] | None = None,
    overviews: Literal["nearest", "mode", "average"] = "nearest",
) -> None:
    """Write an array that fits in memory; whole maps are streamed by `landwright.maps`.

    The file appears whole or not at all, with deflate, blocks and overviews.

    Args:
        path: The file to write.
        array: (C, H, W) or (H, W) numbers.
        crs: Coordinate reference system.
        transform: Pixel to CRS.
        nodata: Value that means nodata.
        colormap: Colours (r, g, b, alpha) by value, for one uint8 band.
        descriptions: One description per band.
        tags: Metadata of the file.
        overviews: How pixels are summarised in the overviews; "mode" for classes, "average" for imagery.

    Raises:
        ValueError: If the arguments do not fit each other.
        DataError: If the file cannot be written.
    """
    bands = array[None] if array.ndim == 2 else array
    if colormap and (len(bands) != 1 or bands.dtype != np.uint8 or overviews == "average"):
        raise ValueError("a colormap belongs to one uint8 band, whose values cannot be averaged")
    if descriptions is not None and len(descriptions) != len(bands):
        raise ValueError(f"{len(descriptions)} descriptions for {len(bands)} bands")
    profile = {
        "driver": "GTiff",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype.name,
        "crs": crs,
        "transform": transform,
        "nodata": nodata,
        # Otherwise GDAL would mark the fourth of four 8-bit bands as alpha.
        "photometric": "MINISBLACK",
        "interleave": "pixel",
    }
    with (
        atomic_output(path) as temporary,
        settings(str(path)),
        without_georeference_warning(),
        MemoryFile() as memory,
    ):
        with memory.open(**profile) as file:
            file.write(bands)
            if len(bands) in (3, 4) and bands.dtype.kind == "u":
                file.colorinterp = [*_COLOURS, ColorInterp.undefined][: len(bands)]
            if colormap:
                file.write_colormap(1, dict(colormap))
            file.update_tags(AREA_OR_POINT="Area", **(tags or {}))
            for number, text in enumerate(descriptions or (), start=1):
                if text:
                    file.set_band_description(number, text)
        with memory.open() as file:
            rasterio.shutil.copy(file, temporary, driver="COG", **cog_options(file.height, file.width, overviews))
