from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from landwright.engine import resized
from landwright.engine.resized import map_resized, remarks_on_size
from landwright.engine.stream import Tally, Tiling
from landwright.words.preprocess import resize_long_side


class Watching:
    """Scores are the pixels themselves; remembers what it saw."""

    channels = 3
    device = torch.device("cpu")

    def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
        self.pixels, self.valid = pixels, valid
        return torch.from_numpy(pixels).float()


@pytest.mark.parametrize("shape", [(90, 140), (100, 40), (30, 31)])
@pytest.mark.parametrize("rows", [7, 512])
def test_a_raster_is_seen_small_and_mapped_at_its_own_size(
    reader: Any, sink: Any, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], rows: int
) -> None:
    monkeypatch.setattr(resized, "_ROWS", rows)
    monkeypatch.setattr(resized, "_PIECE", 5)
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    small = resize_long_side(pixels.transpose(1, 2, 0), 40).transpose(2, 0, 1)
    image, again, scorer, result = reader(pixels), reader(pixels), Watching(), sink(3, *shape)
    told: list[tuple[int, int]] = []
    tally = map_resized(
        image, again, scorer, result, Tiling(16, 0.5, "uniform"), 40, progress=lambda *done: told.append(done)
    )
    np.testing.assert_array_equal(scorer.pixels[0], small)
    assert scorer.valid.all()
    whole = functional.interpolate(torch.from_numpy(small)[None].float(), shape, mode="bilinear")[0]
    np.testing.assert_allclose(result.scores, whole, atol=1e-3)
    assert result.next == shape[0]
    windows = [len(Tiling(16, 0.5, "uniform").starts(side)) for side in small.shape[1:]]
    assert tally == Tally(windows[0] * windows[1], 0, shape[0] * shape[1])
    assert told == sorted(told)
    assert told[-1] == (shape[0] * shape[1],) * 2
    assert max(window.height for window in image.windows) <= max(rows, 512 // 40 * 2 + 8)
    counted = sorted(row for window in again.windows for row in range(window.row, window.row + window.height))
    assert counted == list(range(shape[0])), "each row is counted once"


def test_what_is_not_valid_is_black_and_stays_unmapped(reader: Any, sink: Any) -> None:
    pixels = np.full((3, 80, 80), 200.4, np.float32)
    valid = np.ones((80, 80), bool)
    valid[:, 40:] = False
    pixels[:, :, 40:] = np.nan
    pixels[:, 0, 0] = 300
    scorer, result = Watching(), sink(3, 80, 80)
    tally = map_resized(reader(pixels, valid), reader(pixels, valid), scorer, result, Tiling(16), 20)
    assert scorer.pixels.dtype == np.uint8
    assert (scorer.pixels[0, :, 1:, :10] == 200).all()
    assert (scorer.pixels[0, :, :, 10:] == 0).all()
    np.testing.assert_array_equal(scorer.valid[0], np.arange(20)[None].repeat(20, 0) < 10)
    np.testing.assert_array_equal(result.valid, valid)
    assert tally.valid == valid.sum()


def test_great_reductions_are_told() -> None:
    assert remarks_on_size((448, 1792), 448) == []
    assert remarks_on_size((100, 100), 448) == []
    (remark,) = remarks_on_size((8192, 1000), 448)
    assert "reduced 18.3 times" in remark
    assert "--preset landwright" in remark
