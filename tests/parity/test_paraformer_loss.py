"""Paraformer's loss against the published one."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from landwright.losses import CoarseLoss
from landwright.losses.coarse import agreement, shares_of


@pytest.mark.parametrize("place", [0, 1])
def test_published_loss_and_gradients(parity: Any, place: int) -> None:
    case = parity("paraformer").losses["plat_loss"][place]
    fill, shape = parity("paraformer").fill, tuple(case["inputs"]["shape"])
    start = (101, 104)[place]
    first, second, wished = (torch.from_numpy(fill.image(start + step, shape)).float() for step in range(3))
    first = (first + 0.5 * wished).requires_grad_()
    second.requires_grad_()
    shares = torch.eye(shape[1])
    shares[0] = 0  # class 0 is no label, but stays a logit
    terms = CoarseLoss(shares, paper=True)(first, second, wished.argmax(1))
    terms["loss"].backward()
    expected = case["expected"]
    found = {
        "total": terms["loss"],
        "ce_cnn": terms["labels"],
        "mce_vit": terms["agreed_labels"],
        "grad_norm_logits1": first.grad.norm(),
        "grad_norm_logits2": second.grad.norm(),
    }
    assert {name: float(value) for name, value in found.items()} == {
        name: pytest.approx(expected[name], rel=1e-5) for name in found
    }
    agreed = agreement(first, shares_of(wished.argmax(1), shares))
    assert (int(agreed.sum()), int((wished.argmax(1) > 0).sum())) == (
        expected["agreeing_pixels"],
        expected["labelled_pixels"],
    )
