from __future__ import annotations

import numpy as np
import pytest
import torch

from landwright.engine.batch import Batch, even_batch


@pytest.mark.parametrize(("windows", "batch", "size"), [(9, 8, 5), (16, 8, 8), (3, 8, 3), (1, 8, 1), (121, 8, 8)])
def test_the_last_batch_is_nearly_full(windows: int, batch: int, size: int) -> None:
    assert even_batch(windows, batch) == size


@pytest.mark.parametrize(
    ("dtype", "kept"), [("uint8", "uint8"), ("uint16", "float32"), ("float64", "float32"), ("int16", "float32")]
)
def test_the_shape_and_memory_stay(dtype: str, kept: str) -> None:
    batch = Batch(2, 4)
    window = np.full((3, 4, 4), 7, dtype=dtype)
    batch.append(window, np.ones((4, 4), bool))
    assert not batch.full
    assert len(batch) == 1
    memory = batch.pixels
    assert memory.shape == (2, 3, 4, 4)
    assert memory.dtype == kept
    batch.append(window + 1, np.zeros((4, 4), bool))
    assert batch.full
    assert (batch.pixels[1] == 8).all()
    assert not batch.valid[1].any()
    batch.clear()
    batch.append(window, np.ones((4, 4), bool))
    assert batch.pixels is memory


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: memory is pinned for one")
def test_a_gpu_can_fetch_it_while_both_compute() -> None:
    batch = Batch(2, 4, pinned=True)
    batch.append(np.full((3, 4, 4), 7, np.uint8), np.ones((4, 4), bool))
    assert torch.from_numpy(batch.pixels).is_pinned()
    assert torch.from_numpy(batch.valid).is_pinned()
