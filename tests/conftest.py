"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import importlib.util
import math
import os
import shutil
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Two cores are often shared by several workers; one thread each is faster than oversubscription.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the demo, which takes longest, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")


def pytest_collection_finish() -> None:
    """Take all that is loaded by now for granted: nothing of it becomes garbage that would have to be looked for."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let libraries that look for leaks at the end find none."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure the coverage of quick tests only.

    To follow every call takes as long as the call, where a test has other packages do much in Python. (The marker
    no_cover of pytest-cov changes nothing in the workers of pytest-xdist.)
    """
    if not item.get_closest_marker("slow"):
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)  # type: ignore[arg-type]


# What the work of `pace` takes on an idle core of the machine that bounds in seconds are stated for.
PACE_SECONDS = 0.12


@pytest.fixture(scope="session")
def pace() -> Callable[[Callable[[], float]], float]:
    """Return a function that tells how many times slower than the reference machine this one runs now, 1 at least.

    A bound in seconds holds on an idle machine; one that others use as well can be several times slower, which says
    nothing of the code. The function takes the clock that the bound was measured with.
    """

    def slower(clock: Callable[[], float]) -> float:
        times = []
        for _ in range(3):
            started = clock()
            sum(math.sqrt(number) for number in range(1_000_000))
            np.sort(np.random.default_rng(0).random(3_000_000))
            times.append(clock() - started)
        return max(1.0, sorted(times)[1] / PACE_SECONDS)

    return slower


@pytest.fixture(scope="session")
def compiler() -> str:
    """Return the C++ compiler that torch.compile takes, or skip."""
    name = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "cl" if os.name == "nt" else "g++")
    if shutil.which(name) is None:
        pytest.skip(f"torch.compile needs a C++ compiler, and there is no {name} here")
    return name


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder with reference data that lies beside the repository, or skip."""
    path = REPOSITORY.parent / "shared"
    if not path.is_dir():
        pytest.skip("the folder ../shared with reference data is not beside this repository")
    return path


@pytest.fixture(scope="session")
def miniatures() -> ModuleType:
    """Return the module tests/miniatures.py: small copies of the benchmark sets."""
    if (module := sys.modules.get("miniatures")) is None:
        spec = importlib.util.spec_from_file_location("miniatures", REPOSITORY / "tests" / "miniatures.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules["miniatures"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module
