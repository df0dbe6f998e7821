"""Patience with files on the network: what fails is tried again, with growing waits."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import TypeVar

# rasterio translates s3:// and the like itself, but tells nobody how.
from rasterio._path import _parse_path, _vsi_path
from rasterio.env import Env

from landwright.errors import DataError
from landwright.rasters.gdal import FAILURES, reading, status_of
from landwright.rasters.names import is_network

WAITS = (1.0, 5.0, 20.0)
"""Seconds before each further try, give or take a quarter, so that many readers do not come back at once."""

_T = TypeVar("_T")
_SPREAD = 0.25
_CLIENT = 4  # the hundreds of what the asker has to mend
_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_VSI = re.compile(r'/vsi(?:curl|s3|gs|az|adls|oss|swift|webhdfs)\b[^"]*')


def patiently(work: Callable[[], _T], path: str, problem: str, *, forget: Callable[[], None]) -> _T:
    """Read something of a raster; of one on the network again where that fails.

    A server that refuses (403), does not know the file (404) or the like is asked no more.

    Args:
        work: Reads; it is called again after a failure.
        path: The raster.
        problem: What is said of the raster when reading fails.
        forget: Closes what is open of the raster, which is in an unknown state after a failure.

    Returns:
        What ``work`` returns.

    Raises:
        DataError: GDAL fails, and keeps failing; or ``work`` finds the raster unfit.
    """
    waits = WAITS if is_network(path) else ()
    tried = 0
    while True:
        try:
            with _afresh(path) if tried else nullcontext(), reading(path, problem):
                return work()
        except DataError as error:
            cause = error.__cause__
            if not waits or not isinstance(cause, FAILURES) or _is_final(status_of(cause)):
                raise
            if tried == len(waits):
                problem = f"{error.problem} (after {tried + 1} tries)"
                raise DataError(problem, path=error.path, remedy=error.remedy) from cause
        forget()
        time.sleep(waits[tried] * random.uniform(1 - _SPREAD, 1 + _SPREAD))
        tried += 1


def _is_final(status: int | None) -> bool:
    """Whether asking again will bring the same answer."""
    return status is not None and status // 100 == _CLIENT and status not in _TRANSIENT


def _afresh(path: str) -> Env:
    """Let GDAL ask the server again: it remembers files that it could not find and bytes that were cut short."""
    found = _VSI.search(_vsi_path(_parse_path(path)))
    return Env(**({} if found is None else {"CPL_VSIL_CURL_NON_CACHED": found[0]}))
