"""Runs of a few small blocks."""

import pytest

from landwright.runs import Grid, Input, Manifest, Run


@pytest.fixture
def manifest():
    """Return a function that makes the manifest of a map of `side` x `side` blocks of 10 pixels."""

    def make(side=3, **changes):
        fields = {
            "inputs": (Input(name="a.tif", size=5, modified="2026-01-01T00:00:00Z"),),
            "grid": Grid(height=10 * side, width=10 * side),
            "bundle": "0" * 64,
            "settings": {"tile": 512, "blend": "cosine", "tta": {"flip": True}},
            "block": 10,
        }
        return Manifest(**(fields | changes))

    return make


@pytest.fixture
def new_run(tmp_path, manifest):
    """Return a function that opens a run of `side` x `side` blocks."""

    def make(side=3, **changes):
        return Run.open(tmp_path / "map.run", manifest(side, **changes))

    return make
