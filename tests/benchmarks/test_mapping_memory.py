"""The engine's memory does not grow with the raster's height; the full sizes are in benchmarks/mapping_memory.md."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"

SPREAD = 80
"""MB by which processes differ where others work meanwhile; the sums of all rows would take 500."""


@pytest.fixture
def megabytes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[float]]:
    """Return a function that runs the script with options, here: only its maps are made in processes of their own."""
    monkeypatch.syspath_prepend(str(FOLDER))
    script = importlib.import_module("mapping_memory")

    def run(*options: str) -> list[float]:
        monkeypatch.setattr(sys, "argv", ["mapping_memory.py", *options])
        script.main()
        return [float(value) for value in re.findall(r"([\d.]+) MB above", capsys.readouterr().out)]

    return run


@pytest.mark.slow
def test_four_times_the_height_takes_no_more_memory(megabytes):
    once, four_times = megabytes("--width", "2048")
    # A quarter of the width of the 8192 pixels for which the promise is 1 GB.
    assert once < 400
    assert four_times - once < SPREAD


@pytest.mark.slow
def test_two_blocks_take_no_more_memory_than_one(megabytes):
    """The default way for a map of more than 8192 pixels a side."""
    (once,) = megabytes("--width", "1024", "--height", "2048")
    (in_blocks,) = megabytes("--width", "1024", "--height", "16384")
    assert in_blocks - once < SPREAD


@pytest.mark.slow
@pytest.mark.parametrize(("tile", "bound"), [("224", 500), ("512", 900)])
def test_a_chesapeake_scene_with_17_classes_needs_less_than_a_gigabyte(megabytes, tile, bound):
    """Of its 6000 rows two windows' height will do: memory does not grow with them."""
    scene = ("--height", str(2 * int(tile)), "--width", "7500", "--bands", "4", "--classes", "17")
    (peak,) = megabytes(*scene, "--tile", tile, "--overlap", "0.5", "--blend", "paraformer")
    assert peak < bound
