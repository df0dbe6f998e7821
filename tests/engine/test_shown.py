"""Rasters that a model sees coarser than they are: the same as reducing and enlarging them whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from landwright.engine import shown
from landwright.engine.shown import ShownReader, map_shown, shown_as
from landwright.engine.stream import Tiling
from landwright.rasters import Window

SHAPES = [((90, 140), (30, 47)), ((101, 40), (11, 4)), ((64, 64), (60, 60)), ((33, 200), (1, 6))]


def reduced(pixels: np.ndarray, small: tuple[int, int]) -> torch.Tensor:
    whole = torch.from_numpy(pixels.astype(np.float32))[None]
    return functional.interpolate(whole, small, mode="bilinear", antialias=True)[0]


def raster(shape: tuple[int, int], dtype: Any = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, *shape)).astype(dtype)


def test_windows_are_cut_from_the_smaller_raster() -> None:
    tiling = Tiling(224, 0.5, "uniform", 8)
    assert shown_as((2400, 1000), tiling, 2.0) == ((2400, 1000), tiling)
    assert shown_as((2400, 1005), Tiling(2240, 0.5, "uniform", 8), 0.1) == ((240, 100), tiling)
    assert shown_as((3, 2000), tiling, 0.1)[0] == (1, 200)


@pytest.mark.parametrize(("shape", "small"), SHAPES)
@pytest.mark.parametrize("rows", [7, 512])
def test_rows_are_those_of_the_whole_raster_reduced(
    reader: Any, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], small: tuple[int, int], rows: int
) -> None:
    monkeypatch.setattr(shown, "_ROWS", rows)
    pixels = raster(shape)
    source = reader(pixels)
    seen = ShownReader(source, small)
    parts, row = [], 0
    for stop in sorted({min(stop, small[0]) for stop in (1, 3, 12, 13, small[0])}):
        found, valid = seen.read_with_valid(Window(row, 0, stop - row, small[1]))
        assert valid.all()
        parts.append(found)
        row = stop
    whole = np.concatenate(parts, axis=1)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, reduced(pixels, small), atol=1e-3)
    read = [row for window in source.windows for row in range(window.row, window.row + window.height)]
    assert read == list(range(shape[0])), "each row is read once, in order"
    assert max(window.height for window in source.windows) <= rows


def test_nodata_takes_no_part_in_a_mean(reader: Any) -> None:
    pixels = np.full((3, 80, 120), 200, np.float32)
    valid = np.ones((80, 120), bool)
    valid[:, 50:] = False
    pixels[:, :, 50:] = np.nan
    found, known = ShownReader(reader(pixels, valid), (8, 12)).read_with_valid(Window(0, 0, 8, 12))
    np.testing.assert_array_equal(known, np.arange(12)[None].repeat(8, 0) < 6)
    np.testing.assert_allclose(found[:, known], 200, rtol=1e-6)
    assert not found[:, ~known].any()


@pytest.mark.parametrize(("shape", "small"), SHAPES)
@pytest.mark.parametrize("batch", [1, 4])
def test_scores_come_back_at_the_rasters_size(
    reader: Any,
    sink: Any,
    identity: Any,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, int],
    small: tuple[int, int],
    batch: int,
) -> None:
    monkeypatch.setattr(shown, "_ROWS", 7)
    monkeypatch.setattr(shown, "_PIECE", 5)
    pixels = raster(shape, np.uint8)
    valid = np.random.default_rng(1).random(shape) < 0.9
    valid[:, :3] = True
    source, scorer, result = reader(np.where(valid, pixels, 0), valid), identity(3), sink(3, *shape)
    told: list[tuple[int, int]] = []
    tally = map_shown(
        source, scorer, result, Tiling(16, 0.5, "cosine", batch), small, progress=lambda *done: told.append(done)
    )
    seen, _ = ShownReader(reader(pixels, valid), small).read_with_valid(Window(0, 0, *small))
    wanted = functional.interpolate(torch.from_numpy(seen)[None], shape, mode="bilinear")[0]
    np.testing.assert_allclose(result.scores, wanted, atol=2e-3)
    np.testing.assert_array_equal(result.valid, valid)
    assert result.next == shape[0]
    assert tally.valid == np.count_nonzero(valid)
    assert {shape[2:] for shape in scorer.shapes} == {(16, 16)}
    assert told == sorted(told)
    assert told[-1] == (shape[0] * shape[1],) * 2


def test_rows_without_a_valid_pixel_are_not_scored(reader: Any, sink: Any, identity: Any) -> None:
    valid = np.zeros((400, 80), bool)
    valid[310:340, 20:50] = True
    scorer, result = identity(3), sink(3, 400, 80)
    tally = map_shown(reader(raster((400, 80)), valid), scorer, result, Tiling(16, 0.5), (100, 20))
    assert tally.skipped > tally.windows > 0
    assert tally.valid == 30 * 30
    np.testing.assert_array_equal(result.valid, valid)


def test_no_more_is_read_than_the_next_windows_need(reader: Any, sink: Any, identity: Any) -> None:
    """What is held does not grow with the raster's height."""
    source, result = reader(raster((8000, 40), np.uint8)), sink(3, 8000, 40)
    ahead = []
    write = result.write

    def watching(row: int, *rest: Any) -> None:
        ahead.append(max(window.row + window.height for window in source.windows) - row)
        write(row, *rest)

    result.write = watching
    map_shown(source, identity(3), result, Tiling(16, 0.5), (800, 4))
    assert result.valid.all()
    assert max(ahead) < 800, "rows of windows are 160 high, and two are read ahead"
