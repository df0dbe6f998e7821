from __future__ import annotations

import numpy as np
import pytest
import torch

from landwright.networks.sam import Runs


def test_masks_from_their_runs() -> None:
    runs = Runs([np.array(counts, np.int32) for counts in ([1, 3, 2], [0, 6], [6])], (2, 3))
    assert (runs.shape, len(runs)) == ((3, 2, 3), 3)
    # Down the columns, outside first.
    expected = [[[0, 1, 0], [1, 1, 0]], [[1, 1, 1], [1, 1, 1]], [[0, 0, 0], [0, 0, 0]]]
    for mask, wanted in zip(runs, expected, strict=True):
        assert mask.dtype == torch.bool and mask.int().tolist() == wanted
    with pytest.raises(IndexError):
        runs[3]


def test_no_masks() -> None:
    assert Runs([], (4, 6)).shape == (0, 4, 6) and list(Runs([], (4, 6))) == []


def test_runs_are_those_of_transformers() -> None:
    sam = pytest.importorskip("transformers.models.sam.image_processing_sam", reason="the extra `sam` is not installed")
    masks = torch.rand(5, 9, 7, generator=torch.Generator().manual_seed(0)) > 0.6
    runs = Runs([np.array(rle["counts"], np.int32) for rle in sam._mask_to_rle(masks)], (9, 7))
    assert torch.equal(torch.stack(list(runs)), masks)
