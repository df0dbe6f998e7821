"""At least single precision."""

from __future__ import annotations

import torch

from landwright.losses.precision import full_precision, wide


def test_half_becomes_single_and_double_stays() -> None:
    assert wide(torch.zeros(1, dtype=torch.bfloat16)).dtype == torch.float32
    assert wide(torch.zeros(1, dtype=torch.float64)).dtype == torch.float64


def test_products_are_not_cut() -> None:
    matrix = torch.eye(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (matrix @ matrix).dtype == torch.bfloat16
        with full_precision(matrix):
            assert (matrix @ matrix).dtype == torch.float32
