"""How benchmarks/words.py lays out the real tiles."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landwright.legends import load_legend

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("palette", [False, True])
def test_masks_of_both_kinds_become_codes(monkeypatch, tmp_path, palette):
    monkeypatch.syspath_prepend(FOLDER)
    words = importlib.import_module("words")
    legend = load_legend("dubai-6")
    codes = np.tile(np.array([[0, 3], [4, 255]], np.uint8), (64, 64))
    colours = {entry.code: entry.colour for entry in legend.classes} | {255: (155, 155, 155)}
    source = tmp_path / "mask.png"
    profile = {"driver": "PNG", "height": 128, "width": 128, "dtype": "uint8"}
    if palette:
        with rasterio.open(source, "w", count=1, **profile) as handle:
            handle.write(codes, 1)
            handle.write_colormap(1, colours)
    else:
        table = np.zeros((256, 3), np.uint8)
        for code, colour in colours.items():
            table[code] = colour
        with rasterio.open(source, "w", count=3, **profile) as handle:
            handle.write(np.moveaxis(table[codes], -1, 0))
    words.copy(source, tmp_path / "out" / "mask.tif", legend)
    words.copy(source, tmp_path / "out" / "mask.tif", legend)  # is there already
    with rasterio.open(tmp_path / "out" / "mask.tif") as handle:
        np.testing.assert_array_equal(handle.read(1), codes)
