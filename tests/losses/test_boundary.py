"""The boundary loss: edges where they should be, and where they should not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from landwright.errors import UsageError
from landwright.losses import boundary_loss

SIZE = 12


def halves(column: int) -> Tensor:
    """Return sure logits (1, 2, 12, 12) of a map that changes its class before a column."""
    logits = torch.zeros(1, 2, SIZE, SIZE)
    logits[:, 0, :, :column], logits[:, 1, :, column:] = 30, 30
    return logits


def line(column: int) -> Tensor:
    """Return the thick boundary (1, 12, 12) before a column."""
    boundary = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
    boundary[:, :, column - 1 : column + 1] = True
    return boundary


@pytest.mark.parametrize("mode", ["soft", "precision"])
def test_edges_on_segments_cost_nothing(mode: str) -> None:
    assert boundary_loss(halves(6), line(6), mode=mode).item() == pytest.approx(0, abs=1e-5)
    assert boundary_loss(halves(6), line(7), mode=mode).item() == pytest.approx(0, abs=1e-5)
    assert boundary_loss(halves(2), line(9), mode=mode).item() == pytest.approx(1, abs=1e-5)


def test_precision_asks_for_no_edges() -> None:
    segments = line(6) | line(2)
    assert boundary_loss(halves(6), segments, mode="precision").item() == pytest.approx(0, abs=1e-5)
    assert boundary_loss(halves(6), segments, mode="soft") > 0.3


@pytest.mark.parametrize("mode", ["soft", "precision"])
def test_soft_edges_have_a_gradient(mode: str) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 6, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    boundary = torch.rand(2, 6, 6, generator=generator) < 0.3
    assert torch.autograd.gradcheck(lambda values: boundary_loss(values, boundary, mode=mode), logits)


@pytest.mark.parametrize("mode", ["soft", "precision"])
def test_padding_has_no_edges(mode: str) -> None:
    valid = torch.ones(1, SIZE, SIZE, dtype=torch.bool)
    valid[:, :, 9:] = False
    inside, boundary = halves(4), line(4)
    padded = inside.clone()
    padded[:, :, :, 9:] = 0
    padded[:, 0, :, 9:] = 30
    loss = boundary_loss(padded, boundary | line(10), mode=mode, valid=valid)
    torch.testing.assert_close(loss, boundary_loss(inside, boundary, mode=mode))


@pytest.mark.parametrize("mode", ["soft", "precision"])
def test_an_image_without_segments_says_nothing(mode: str) -> None:
    logits = torch.cat((halves(3), halves(3))).requires_grad_()
    loss = boundary_loss(logits, torch.cat((line(9), torch.zeros_like(line(9)))), mode=mode)
    loss.backward()
    torch.testing.assert_close(loss * 2, boundary_loss(halves(3), line(9), mode=mode))
    assert not logits.grad[1].any()


def test_published_edges_weigh_class_steps_and_have_no_gradient() -> None:
    logits = halves(6).requires_grad_()
    loss = boundary_loss(logits, line(6), mode="official")
    assert not loss.requires_grad
    assert loss.item() == pytest.approx(0, abs=1e-5)
    steps = torch.zeros(1, 4, SIZE, SIZE)
    steps[:, 0, :, :6], steps[:, 3, :, 6:] = 30, 30
    assert boundary_loss(steps, line(6), mode="official") < -0.4


def test_published_halves_need_an_even_image() -> None:
    with pytest.raises(UsageError, match="5 x 3"):
        boundary_loss(torch.zeros(1, 2, 5, 3), torch.zeros(1, 5, 3), mode="official")
