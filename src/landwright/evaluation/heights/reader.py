"""Read a height map, and refuse what is none."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import NDArray

from landwright.errors import DataError, UsageError
from landwright.maps import read_tags
from landwright.rasters import Raster, Window, open_raster


def refuse_classes(path: str | PathLike[str]) -> None:
    """Refuse a raster that cannot hold heights, so that codes are never scored as metres.

    Args:
        path: A height map, or the reference of one.

    Raises:
        UsageError: It says that it holds classes.
        DataError: It cannot be opened, or has several bands.
    """
    with open_raster(path) as raster:
        bands, classes = len(raster.bands), raster.palette() is not None
    if classes or "CLASSES" in read_tags(path):
        raise UsageError(
            "holds classes, not heights",
            path=path,
            remedy="Name the height map, NAME_height.tif beside a class map; score classes with --against",
        )
    if bands != 1:
        raise DataError(
            f"has {bands} bands; heights are one band of metres above ground",
            path=path,
            remedy="Extract the band first, for example with `gdal_translate -b`",
        )


def read_map(raster: Raster, window: Window) -> NDArray[np.float32]:
    """Return predicted metres of a window as (h, w) float32, NaN where there are none.

    Unlike a reference, a prediction of any size is taken at its word: an absurd height is an error to be counted.
    """
    pixels, valid = raster.read_with_valid(window)
    return np.where(valid, pixels[0], np.nan).astype(np.float32)
