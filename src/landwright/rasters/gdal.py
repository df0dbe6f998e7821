"""How GDAL is used: settings held locally, and its failures as errors that name the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rasterio._err import CPLE_BaseError
from rasterio.env import Env
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from landwright.errors import DataError

_CACHE_BYTES = 64 * 2**20


def is_remote(path: str) -> bool:
    """Whether the raster lies in one of GDAL's virtual file systems: URLs, archives, memory."""
    return "://" in path or path.startswith("/vsi")


@contextmanager
def without_georeference_warning() -> Iterator[None]:
    """Open rasters without georeference quietly: they are allowed, and `RasterInfo.notes` says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def settings(path: str) -> Env:
    """GDAL's settings for one file; they end with the block that holds them and touch no credentials.

    GDAL's default cache of 5 % of the machine's memory would make memory grow with the scene.
    """
    # GDAL reads truncated PNG files without an error when it decodes them in one go.
    options: dict[str, Any] = {"GDAL_CACHEMAX": _CACHE_BYTES, "GDAL_PNG_WHOLE_IMAGE_OPTIM": False}
    if is_remote(path):
        options["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    return Env(**options)


@contextmanager
def reading(path: str, problem: str) -> Iterator[None]:
    """Read one file with landwright's settings, and report GDAL's failures as `problem`.

    Raises:
        DataError: If GDAL fails inside the block.
    """
    try:
        with settings(path):
            yield
    except (RasterioError, CPLE_BaseError) as error:
        raise DataError(
            f"{problem}: {error.__cause__ or error}",
            path=path,
            remedy="Check with `gdalinfo -checksum` whether the file is complete, and copy or download it again",
        ) from error
