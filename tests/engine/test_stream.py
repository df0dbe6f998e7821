from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from landwright.engine.stream import Tally, Tiling, map_windows
from landwright.rasters.blend import BLENDS, Blend

# The grid published with RS3DAda leaves small rasters out, see test_black_beyond_the_raster.
ANY_SIZE = [blend for blend in BLENDS if blend != "rs3dada"]
sides = st.one_of(st.integers(1, 90), st.sampled_from([1, 31, 32, 33, 97, 101, 127]))
tilings = st.builds(
    Tiling,
    tile=st.sampled_from([16, 32, 33, 64]),
    overlap=st.floats(0, 0.8),
    blend=st.sampled_from(ANY_SIZE),
    batch=st.integers(1, 7),
)


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, tiling=tilings, seed=st.integers(0, 99))
@example(height=1, width=127, tiling=Tiling(32, 0.5, "gaussian", 3), seed=0)
@example(height=127, width=1, tiling=Tiling(32, 0.5, "cosine", 2), seed=0)
@example(height=1, width=1, tiling=Tiling(32, 0.25, "crop", 4), seed=0)
def test_an_identity_network_returns_its_input(
    reader: Any, sink: Any, identity: Any, height: int, width: int, tiling: Tiling, seed: int
) -> None:
    image = reader(np.random.default_rng(seed).random((2, height, width), dtype=np.float32))
    result = sink(2, height, width)
    tally = map_windows(image, identity(2), result, tiling)
    assert result.next == height
    assert tally.valid == height * width
    assert result.valid.all(), "no nodata rim"
    np.testing.assert_allclose(result.scores, image.pixels, rtol=0, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, tiling=tilings, seed=st.integers(0, 99))
def test_classes_come_back_exactly(
    reader: Any, sink: Any, identity: Any, height: int, width: int, tiling: Tiling, seed: int
) -> None:
    indices = np.random.default_rng(seed).integers(0, 3, (height, width))
    image = reader(np.stack([indices == k for k in range(3)]).astype(np.float32))
    result = sink(3, height, width)
    map_windows(image, identity(3), result, tiling)
    np.testing.assert_array_equal(result.scores.argmax(axis=0), indices)


@pytest.mark.parametrize("blend", BLENDS)
def test_a_constant_stays_constant(reader: Any, sink: Any, identity: Any, blend: Blend) -> None:
    image = reader(np.full((1, 203, 157), 0.7, dtype=np.float32))
    result = sink(1, 203, 157)
    map_windows(image, identity(1), result, Tiling(64, 0.6, blend, 2))
    np.testing.assert_allclose(result.scores, 0.7, rtol=3e-7)


@pytest.mark.parametrize("blend", BLENDS)
def test_the_batch_does_not_change_a_bit(reader: Any, sink: Any, identity: Any, blend: Blend) -> None:
    rng = np.random.default_rng(1)
    image = reader(rng.random((2, 150, 170), dtype=np.float32), rng.random((150, 170)) > 0.4)
    results = []
    for batch in (1, 2, 5, 64):
        result, scorer = sink(2, 150, 170), identity(2)
        map_windows(image, scorer, result, Tiling(48, 0.5, blend, batch))
        assert len(set(scorer.shapes)) == 1, "all batches have one shape"
        results.append(result)
    for other in results[1:]:
        np.testing.assert_array_equal(other.scores, results[0].scores)
        np.testing.assert_array_equal(other.valid, results[0].valid)


def test_redundancy_is_of_the_windows_that_are_computed() -> None:
    assert Tiling(512, 0.5).redundancy(512, 512) == 1.0
    assert Tiling(512, 0.25).redundancy(896, 512) == pytest.approx(2 * 512 / 896)
    even, fixed = (Tiling(224, 0.5, blend).redundancy(6000, 7500) for blend in ("cosine", "paraformer"))
    assert even == fixed == pytest.approx(53 * 66 * 224**2 / (6000 * 7500))
    assert Tiling(10, 0.0).starts(25) == [0, 7, 15]
    assert Tiling(10, 0.0, "paraformer").starts(25) == [0, 10, 15]


class Neighbourhood:
    """Scores that depend on a pixel's surroundings: the mean of 9 x 9 pixels."""

    channels = 1
    device = torch.device("cpu")

    def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(torch.from_numpy(pixels), 9, 1, 4, count_include_pad=False)


@pytest.mark.parametrize("blend", ANY_SIZE)
def test_a_network_that_looks_around_leaves_no_seams(reader: Any, sink: Any, blend: Blend) -> None:
    image = reader(np.random.default_rng(2).random((1, 190, 190), dtype=np.float32))
    whole, tiled = sink(1, 190, 190), sink(1, 190, 190)
    map_windows(image, Neighbourhood(), whole, Tiling(190, 0.0, blend))
    map_windows(image, Neighbourhood(), tiled, Tiling(64, 0.5, blend))
    bound = {"crop": 1e-6, "paraformer": 0.06, "uniform": 0.1}.get(blend, 0.02)
    assert np.abs(tiled.scores - whole.scores).max() < bound


@settings(max_examples=40, deadline=None)
@given(height=st.integers(40, 130), width=st.integers(40, 130), tile=st.integers(8, 40), batch=st.integers(1, 5))
def test_black_beyond_the_raster(
    reader: Any, sink: Any, identity: Any, height: int, width: int, tile: int, batch: int
) -> None:
    image = reader(np.random.default_rng(7).random((1, height, width), dtype=np.float32) + 1)
    seen: list[tuple[Any, Any]] = []

    class Watching(identity):  # type: ignore[misc, valid-type]
        def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
            seen.append((pixels.copy(), valid.copy()))
            return super().__call__(pixels, valid)

    result = sink(1, height, width)
    map_windows(image, Watching(1), result, Tiling(tile, 0.4, "rs3dada", batch))
    np.testing.assert_allclose(result.scores, image.pixels, rtol=1e-6)
    for pixels, valid in seen:
        assert ((pixels[:, 0] == 0) == ~valid).all()


def test_the_grid_is_anchored_at_the_origin(reader: Any, sink: Any) -> None:
    """Moving the image by one step of the grid moves the map by as much."""
    base = np.random.default_rng(3).random((1, 32 + 16 * 6, 64), dtype=np.float32)
    upper, lower = sink(1, 32 + 16 * 5, 64), sink(1, 32 + 16 * 5, 64)
    map_windows(reader(base[:, :-16]), Neighbourhood(), upper, Tiling(32, 0.5, "cosine"))
    map_windows(reader(base[:, 16:]), Neighbourhood(), lower, Tiling(32, 0.5, "cosine"))
    np.testing.assert_allclose(upper.scores[:, 32:-16], lower.scores[:, 16:-32], rtol=0, atol=1e-6)


def test_windows_without_valid_pixels_are_skipped(reader: Any, sink: Any, identity: Any) -> None:
    rng = np.random.default_rng(4)
    valid = np.zeros((160, 160), bool)
    valid[100:104, 20:30] = True
    image = reader(rng.random((1, 160, 160), dtype=np.float32), valid)
    result, scorer = sink(1, 160, 160), identity(1)
    tally = map_windows(image, scorer, result, Tiling(32, 0.0, "cosine", 4))
    assert tally == Tally(windows=1, skipped=24, valid=40)
    assert len(scorer.shapes) == 1
    np.testing.assert_array_equal(result.valid, valid)
    np.testing.assert_allclose(result.scores[0][valid], image.pixels[0][valid], atol=1e-6)


def test_nothing_valid_means_nothing_computed(reader: Any, sink: Any, identity: Any) -> None:
    image = reader(np.zeros((1, 40, 50), np.uint8), np.zeros((40, 50), bool))
    result, scorer = sink(1, 40, 50), identity(1)
    assert map_windows(image, scorer, result, Tiling(16)).windows == 0
    assert result.next == 40
    assert not result.valid.any()
    assert not scorer.shapes


def test_progress_grows_to_the_end(reader: Any, sink: Any, identity: Any) -> None:
    calls: list[tuple[int, int]] = []
    image = reader(np.zeros((1, 100, 100), np.uint8))
    map_windows(image, identity(1), sink(1, 100, 100), Tiling(32, batch=3), progress=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert calls[-1] == (10_000, 10_000)
    assert len(calls) > 3


def test_an_error_of_the_network_stops_the_reader(reader: Any, sink: Any) -> None:
    class Broken(Neighbourhood):
        def __call__(self, pixels: Any, valid: Any) -> torch.Tensor:
            raise RuntimeError("out of memory")

    image = reader(np.zeros((1, 500, 20), np.float32))
    with pytest.raises(RuntimeError, match="out of memory"):
        map_windows(image, Broken(), sink(1, 500, 20), Tiling(32))
    assert sum(window.height for window in image.windows) < 200
