"""A connection to Ray: the one that is there, or one of our own that says nothing and ends with us."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from landwright.errors import UsageError

_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the coming behaviour; without it older versions warn in each worker
}


def import_ray() -> Any:
    """Return the module.

    Raises:
        UsageError: It is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError("--executor ray needs Ray", remedy="Install landwright[ray]") from error
    return ray


@contextmanager
def session(address: str | None) -> Iterator[Any]:
    """Connect to Ray, unless this process is connected already; what was begun here is ended here.

    Args:
        address: Of a cluster; by default the one that ``RAY_ADDRESS`` or this machine knows, or a new one here.

    Yields:
        The module.

    Raises:
        UsageError: Ray is not installed, or no cluster answers.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield ray
        return
    known = os.environ.copy()
    os.environ.update({name: value for name, value in _QUIET.items() if name not in known})
    # A client (ray://) leaves the cluster as it is and takes no such settings.
    is_client = address is not None and "://" in address
    ours = {} if is_client else {"include_dashboard": False, "logging_level": logging.ERROR}
    try:
        ray.init(address=address, log_to_driver=False, **ours)
    except (ConnectionError, ValueError) as error:
        problem = f"no Ray cluster answers at {address}: {error}" if address else f"Ray does not start: {error}"
        raise UsageError(problem, remedy="Check --address and RAY_ADDRESS; `ray status` tells of clusters") from error
    finally:
        for name in _QUIET.keys() - known.keys():
            os.environ.pop(name, None)
    try:
        yield ray
    finally:
        ray.shutdown()
