"""How GDAL is used: settings held locally, and its failures as errors that name the file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import responses
from typing import Any, Final

from rasterio._err import CPLE_BaseError
from rasterio.env import Env, get_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from landwright.errors import DataError
from landwright.rasters.cache import cache_bytes
from landwright.rasters.names import is_network, shown

FAILURES: Final = (RasterioError, CPLE_BaseError)
"""What GDAL's failures are raised as."""

_STATUS = re.compile(r"response[ _]code(?: on [^ ]+)?\s*[:=]\s*([1-5]\d\d)")
# Ranges are merged as GDAL does by default: a strip of tiles is one request. VSI_CACHE would change nothing of that
# and take 25 MB for every open file.
_NETWORK: Final = {
    "GDAL_HTTP_CONNECTTIMEOUT": 10,
    "GDAL_HTTP_LOW_SPEED_TIME": 20,
    "GDAL_HTTP_LOW_SPEED_LIMIT": 1000,
    "GDAL_HTTP_MAX_RETRY": 2,
    "GDAL_HTTP_RETRY_DELAY": 0.5,
}
"""A server that is silent for 20 s is given up; a transfer that goes on may take as long as it likes."""

_REMEDIES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Check the credentials that GDAL finds in the environment",
    HTTPStatus.FORBIDDEN: "Check the credentials that GDAL finds in the environment, or renew a signed address",
    HTTPStatus.NOT_FOUND: "Check the address",
}
_LATER: Final = "Start again when the server is well"


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

    What the user has set for remote files, in the environment or in GDAL's configuration file, is kept.

    GDAL's default cache of 5 % of the machine's memory would make memory grow with the scene.
    """
    options: dict[str, Any] = {
        "GDAL_CACHEMAX": cache_bytes(),
        # GDAL reads truncated PNG files without an error when it decodes them in one go.
        "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,
        # What is warped in one go, instead of in fixed blocks, has values that depend on the window that is read.
        "GDAL_VRT_WARP_USE_DATASET_RASTERIO": False,
    }
    wishes: dict[str, Any] = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if is_remote(path) else {}
    # What a virtual raster is made of may lie anywhere.
    if is_network(path) or path.lower().endswith(".vrt"):
        wishes |= _NETWORK
    return Env(**options, **{name: value for name, value in wishes.items() if get_gdal_config(name) is None})


@contextmanager
def reading(path: str, problem: str) -> Iterator[None]:
    """Read one file with landwright's settings, and report GDAL's failures as `problem`.

    Raises:
        DataError: If GDAL fails inside the block; its cause is one of `FAILURES`.
    """
    try:
        with settings(path):
            yield
    except FAILURES as error:
        reason, remedy = _explained(path, error)
        raise DataError(f"{problem}: {reason}", path=shown(path), remedy=remedy) from error


def status_of(error: BaseException) -> int | None:
    """The status that a server answered with, where GDAL's failure tells it."""
    match = _STATUS.search(" ".join(map(str, _chain(error))))
    return None if match is None else int(match[1])


def _explained(path: str, error: BaseException) -> tuple[str, str]:
    if not is_network(path):
        remedy = "Check with `gdalinfo -checksum` whether the file is complete, and copy or download it again"
        return f"{error.__cause__ or error}", remedy
    status = status_of(error)
    if status is None:
        # The innermost error is the one that says what happened.
        text = str(_chain(error)[-1]).replace(path, shown(path))
        return text, "Check the connection and whether the file is complete, and start again"
    return f"the server answers {status} ({responses.get(status, 'unknown')})", _REMEDIES.get(status, _LATER)


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links
