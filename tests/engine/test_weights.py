from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from landwright.engine.stream import Tiling, map_windows
from landwright.engine.weights import KernelWeights, window_weights
from landwright.rasters.blend import BLENDS, Blend
from landwright.rasters.starts import fixed_starts

CPU = torch.device("cpu")


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tile=st.integers(1, 40),
    overlap=st.floats(0, 0.8),
    blend=st.sampled_from(BLENDS),
)
def test_the_weights_of_all_windows_on_a_pixel_sum_to_one(
    height: int, width: int, tile: int, overlap: float, blend: Blend
) -> None:
    tiling = Tiling(tile, overlap, blend)
    rows, cols = tiling.starts(height), tiling.starts(width)
    assume(rows and cols)
    weights = window_weights(tile, rows, cols, blend)
    total = np.zeros((rows[-1] + tile, cols[-1] + tile))
    for down, row in enumerate(rows):
        for across, col in enumerate(cols):
            window = weights(down, across)
            assert window.shape == (tile, tile)
            assert window.dtype == torch.float32
            assert (window >= 0).all()
            total[row : row + tile, col : col + tile] += window.numpy()
    np.testing.assert_allclose(total, 1, rtol=0, atol=5e-7)


def published(probabilities: Any, image: np.ndarray, tile: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """The published sliding window as the reference notes tell it: accumulate, count, divide."""
    height, width = image.shape[1:]
    kernel = np.ones((tile, tile))
    kernel[tile // 4 : tile - tile // 4, tile // 4 : tile - tile // 4] = 5
    sums, counts = 0.0, np.zeros((height, width))
    for row in [*range(0, height - tile, stride), height - tile]:
        for col in [*range(0, width - tile, stride), width - tile]:
            part = (slice(row, row + tile), slice(col, col + tile))
            full = np.zeros((len(image), height, width))
            full[:, *part] = probabilities(image[:, *part]) * kernel
            sums = sums + full
            counts[part] += kernel
    return sums / counts, counts


class Edgy:
    """Scores that differ from window to window: every pixel divided by its window's sum."""

    channels, device = 2, CPU

    def __call__(self, pixels: np.ndarray, valid: np.ndarray) -> Tensor:
        images = torch.from_numpy(pixels)
        return images / images.sum(dim=(2, 3), keepdim=True)


@settings(max_examples=40, deadline=None)
@given(
    tile=st.sampled_from([16, 20, 31, 32]),
    spare=st.tuples(st.integers(0, 70), st.integers(0, 70)),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.7]),
    batch=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_a_map_is_that_of_the_published_sliding_window(
    reader: Any, sink: Any, tile: int, spare: tuple[int, int], overlap: float, batch: int, seed: int
) -> None:
    height, width = tile + spare[0], tile + spare[1]
    image = np.random.default_rng(seed).random((2, height, width), dtype=np.float32)
    result = sink(2, height, width)
    map_windows(reader(image), Edgy(), result, Tiling(tile, overlap, "paraformer", batch))
    expected, counts = published(
        lambda part: part / part.sum(axis=(1, 2), keepdims=True), image, tile, int(tile * (1 - overlap))
    )
    np.testing.assert_allclose(result.scores, expected, rtol=1e-5)
    places = fixed_starts(height, tile, overlap), fixed_starts(width, tile, overlap)
    totals = KernelWeights(tile, *places, CPU).total(0, height, 0, width)
    np.testing.assert_array_equal(totals.numpy(), counts)


def test_places_are_those_of_the_published_script(shared: Path) -> None:
    rules = json.loads((shared / "parity" / "paraformer" / "data_rules.json").read_text())["chip_origins"]
    assert len(rules) == 4
    for size, origins in rules.items():
        for side, axis in zip(map(int, size.split("x")), "yx", strict=True):
            assert Tiling(224, 0.5, "paraformer").starts(side) == origins[axis]


def test_a_raster_smaller_than_the_window_is_padded(reader: Any, sink: Any, identity: Any) -> None:
    image = np.random.default_rng(0).random((1, 9, 40), dtype=np.float32)
    result = sink(1, 9, 40)
    map_windows(reader(image), identity(1), result, Tiling(16, 0.5, "paraformer"))
    np.testing.assert_allclose(result.scores, image, atol=1e-6)
