"""The plain ways that benchmarks/change.py compares with, and how it joins the real pair."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import rasterio

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def change(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("change")


@pytest.mark.parametrize("matched", [False, True])
def test_a_new_bright_square_is_found(change, matched):
    rng = np.random.default_rng(0)
    before = rng.integers(60, 80, (3, 48, 48)).astype(np.float32)
    after = before * 1.2
    after[:, 8:20, 8:20] = 220
    found = change.grey_change(before, after, matched=matched)
    assert found.dtype == np.uint8
    # Where histograms are matched, 144 of the old pixels have to become as bright as the new square.
    wrong = 144 if matched else 0
    assert (found[8:20, 8:20] == 255).mean() > 0.9
    assert (found == 255).sum() <= 144 + wrong


def test_the_table_has_means_and_values(change):
    results = [{"iou": 0.2, "f1": 0.4, "precision": None, "recall": 0.5}, {**change.chance(0.1), "iou": 0.4}]
    row = change.table([("row", results)]).splitlines()[-1]
    assert row.startswith("| row | 2 | 0.300 ± 0.141 (0.200, 0.400) | ")
    assert change.chance(0.5)["f1"] == pytest.approx(2 / 3)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_parts_are_joined_row_by_row_and_cut(change, tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(9):
        height, width = 4 + (number == 4), 5 + (number >= 6)
        with rasterio.open(
            tmp_path / "images" / f"image_part_00{number + 1}.png",
            "w",
            driver="PNG",
            count=3,
            height=height,
            width=width,
            dtype="uint8",
        ) as file:
            file.write(np.full((3, height, width), number, np.uint8))
    joined = change.mosaic(tmp_path, "images")
    assert joined.shape == (3, 12, 15)
    assert joined[0, ::4, ::5].tolist() == [[0, 1, 2], [3, 4, 5], [6, 6, 7]]
