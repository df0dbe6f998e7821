"""A fresh process for every measurement, without the seconds that importing torch takes each time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

IMPORTED = (
    "landwright.bundles",
    "landwright.engine",
    "landwright.legends",
    "landwright.losses",
    "landwright.networks",
)
"""What the process that others are split off from has imported; it does nothing else."""

T = TypeVar("T")


def fresh(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in a process of its own that has imported landwright and computed nothing yet.

    The process is split off (forked) from one that only imports, and which the next calls use again. Code that was
    imported there counts for a process only once it runs it, so that what a run takes above what the process held
    before comes out up to 20 MB larger than in one that has imported everything itself.

    Args:
        function: A function of a module, so that the process finds it.
        arguments: What it is called with; they are pickled, as is what it returns.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()
