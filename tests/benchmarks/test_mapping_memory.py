"""The engine's memory does not grow with the raster's height; the full sizes are in benchmarks/mapping_memory.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "mapping_memory.py"


@pytest.mark.slow
def test_four_times_the_height_takes_no_more_memory():
    done = subprocess.run([sys.executable, SCRIPT, "--width", "2048"], check=True, capture_output=True, text=True)
    megabytes = [float(value) for value in re.findall(r"([\d.]+) MB above", done.stdout)]
    assert len(megabytes) == 2, done.stdout
    once, four_times = megabytes
    # A quarter of the width of the 8192 pixels for which the promise is 1 GB.
    assert once < 400
    # GDAL's cache of blocks fills up to its bound of 64 MB; at full width that is lost in the rest.
    assert four_times - once < 80
