from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Return the module made_runs.py: runs of small maps, their blocks written by the products' own writers."""
    spec = importlib.util.spec_from_file_location("made_runs", Path(__file__).with_name("made_runs.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
