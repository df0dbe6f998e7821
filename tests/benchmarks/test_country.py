"""benchmarks/country.py counts what the engine's grid comes to."""

import importlib
import sys
from pathlib import Path

import pytest

from landwright.engine.stream import Tiling
from landwright.runs import cut

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("country")


@pytest.mark.parametrize(
    ("height", "width", "block", "tile"), [(700, 900, 256, 64), (65, 130, 64, 32), (90, 90, 90, 8)]
)
def test_the_windows_are_those_that_touch_the_blocks(script, height, width, block, tile):
    tiling = Tiling(tile=tile, overlap=0.25)
    blocks, computed, read = cut(height, width, block), 0, 0
    places = [(row, col) for row in tiling.starts(height) for col in tiling.starts(width)]
    for each in blocks:
        touched = [
            (row, col)
            for row, col in places
            if row < each.row1 and row + tile > each.row0 and col < each.col1 and col + tile > each.col0
        ]
        computed += len(touched)
        rows, cols = ([place[axis] for place in touched] for axis in (0, 1))
        read += (max(rows) + tile - min(rows)) * (max(cols) + tile - min(cols))
    found = script.cost(height, width, block, tiling)
    assert found.blocks == len(blocks)
    assert found.halo == pytest.approx(computed / len(places))
    assert found.reading == pytest.approx(read / (height * width))
    assert found.passes == pytest.approx(len(places) * tile**2 / (height * width))


def test_the_table(script, monkeypatch, capsys):
    argv = ["country.py", "--height", "5000", "--width", "6000", "--blocks", "2048", "--tiles", "512", "1024"]
    monkeypatch.setattr(sys, "argv", argv)
    script.main()
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert rows[2].startswith("| 512 | 2048 | 9 | 1.")
