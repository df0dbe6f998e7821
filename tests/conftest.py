"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

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
