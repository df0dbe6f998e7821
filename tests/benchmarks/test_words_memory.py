"""Maps from many words take little memory; the full size, 8192 x 8192 with 60 words, takes minutes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "words_memory.py"


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--batch", "8"), ("--resize", "448")])
def test_sixty_words_on_a_quarter_of_the_width(options):
    """Of 8192 columns, for which the promise is 1.5 GB, a quarter; memory does not grow with the rows."""
    run = [sys.executable, SCRIPT, "--side", "2048", "--height", "1024", *options]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    (peak,) = re.findall(r"([\d.]+) MB above", done.stdout)
    assert float(peak) < 700
