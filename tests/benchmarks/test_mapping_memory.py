"""The engine's memory does not grow with the raster's height; the full sizes are in benchmarks/mapping_memory.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "mapping_memory.py"


def megabytes(*options: str) -> list[float]:
    done = subprocess.run([sys.executable, SCRIPT, *options], check=True, capture_output=True, text=True)
    return [float(value) for value in re.findall(r"([\d.]+) MB above", done.stdout)]


@pytest.mark.slow
def test_four_times_the_height_takes_no_more_memory():
    once, four_times = megabytes("--width", "2048")
    # A quarter of the width of the 8192 pixels for which the promise is 1 GB.
    assert once < 400
    # GDAL's cache of blocks fills up to its bound of 64 MB; at full width that is lost in the rest.
    assert four_times - once < 80


@pytest.mark.slow
@pytest.mark.parametrize(("tile", "bound"), [("224", 500), ("512", 900)])
def test_a_chesapeake_scene_with_17_classes_needs_less_than_a_gigabyte(tile, bound):
    """Of its 6000 rows two windows' height will do: memory does not grow with them."""
    scene = ("--height", str(2 * int(tile)), "--width", "7500", "--bands", "4", "--classes", "17")
    (peak,) = megabytes(*scene, "--tile", tile, "--overlap", "0.5", "--blend", "paraformer")
    assert peak < bound
