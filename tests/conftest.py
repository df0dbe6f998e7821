"""Fixtures that every test may use."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Two cores are often shared by several workers; one thread each is faster than oversubscription.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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
