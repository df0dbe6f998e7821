"""Maps from many words take little memory; the full size, 8192 x 8192 with 60 words, takes minutes."""

import importlib
import re
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--batch", "8"), ("--resize", "448")])
def test_sixty_words_on_a_quarter_of_the_width(monkeypatch, capsys, options):
    """Of 8192 columns, for which the promise is 1.5 GB, a quarter; memory does not grow with the rows."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", ["words_memory.py", "--side", "2048", "--height", "1024", *options])
    importlib.import_module("words_memory").main()
    (peak,) = re.findall(r"([\d.]+) MB above", capsys.readouterr().out)
    assert float(peak) < 700
