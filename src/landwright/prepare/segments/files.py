"""Pictures that segments are found in, and the maps that are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray

from landwright.errors import DataError, UsageError
from landwright.rasters import atomic_output, open_raster
from landwright.rasters.gdal import settings, without_georeference_warning

LARGEST: Final = 4096
"""Images have at most the square of this many pixels."""


def read_picture(
    path: Path, bands: Sequence[int | str] | None, value_scale: float | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read an image as 8-bit values.

    Args:
        path: The image.
        bands: One or three bands; None for the first three, or the first of fewer.
        value_scale: Multiplies values first; other types than uint8 need one.

    Returns:
        Pixels (H, W, 1 or 3), 0 where there are no data, and where there are data (H, W).

    Raises:
        UsageError: If the values are not of 8 bits and no factor is given.
        DataError: If the image is missing, damaged, too large, or has no such band.
    """
    chosen = bands
    if chosen is None:
        with open_raster(path) as raster:
            chosen = raster.bands[:3] if len(raster.bands) >= 3 else raster.bands[:1]
    with open_raster(path, bands=chosen) as raster:
        height, width = raster.shape
        if height * width > LARGEST**2:
            raise DataError(
                f"has {width} x {height} pixels: too large for segments of the whole image",
                path=path,
                remedy=f"Cut it into tiles of at most {LARGEST} x {LARGEST} pixels, for example with gdal_retile",
            )
        if value_scale is None and raster.info.dtype != "uint8":
            raise UsageError(
                f"holds {raster.info.dtype} values, and segments are found in values of 0 to 255",
                path=path,
                remedy="Say what to multiply them by: --scale 0.00389 for full 16 bit, 255 for reflectances of 0 to 1",
            )
        pixels, valid = raster.read_with_valid()
    if value_scale is not None:
        pixels = np.clip(np.rint(np.where(valid, pixels, 0).astype(np.float64) * value_scale), 0, 255)
    picture = np.where(valid, pixels, 0).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(picture, 0, -1)), valid


def write_map(path: Path, values: NDArray[np.uint8 | np.uint16]) -> None:
    """Write one band as PNG.

    Raises:
        DataError: If the file cannot be written.
    """
    height, width = values.shape
    options: dict[str, Any] = {
        "driver": "PNG",
        "count": 1,
        "height": height,
        "width": width,
        "dtype": values.dtype.name,
    }
    with (
        atomic_output(path) as temporary,
        settings(str(path)),
        without_georeference_warning(),
        rasterio.open(temporary, "w", **options) as file,
    ):
        file.write(values, 1)
