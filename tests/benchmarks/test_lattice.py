"""benchmarks/lattice.py prints a row per size and picture."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_tables(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    script = importlib.import_module("lattice")
    monkeypatch.setattr(script, "PAR", ((1, 2, 16),))
    pixels = np.random.default_rng(0).integers(0, 255, (3, 30, 40), dtype=np.uint8)
    with rasterio.open(
        tmp_path / "image.tif", "w", driver="GTiff", count=3, height=30, width=40, dtype="uint8"
    ) as file:
        file.write(pixels)
    arguments = ["--sizes", "16", "24", "--channels", "2", "--repeats", "1", "--image", str(tmp_path / "image.tif")]
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", ["lattice.py", *arguments])
    try:
        script.main()
    finally:
        torch.set_num_threads(threads)
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    names = ("smooth", "noise", "image")
    assert [[cell.strip() for cell in row[1:3]] for row in rows[2:8]] == [
        [f"{size}²", name] for size in (16, 24) for name in names
    ]
    assert rows[-1][1].strip() == "1 x 2 x 16²"
