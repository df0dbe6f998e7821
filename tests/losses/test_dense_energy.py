from __future__ import annotations

import torch
from torch import Tensor

from landwright.losses.dense_energy import dense_energy


def drawn(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def case(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    image = (120 + 40 * drawn(0, 2, 3, 10, 12)).clamp(0, 255)
    shares = drawn(1, 2, 3, 10, 12, dtype=dtype).softmax(1)
    valid = torch.ones(2, 10, 12, dtype=torch.bool)
    valid[1, :4] = False
    labels = torch.zeros(2, 10, 12, dtype=torch.long)
    labels[:, :, 6:] = 255
    return image, shares, valid, labels


def test_gradient_of_the_energy() -> None:
    image, shares, valid, labels = case(torch.float64)
    labels = torch.full_like(labels, 255)  # the gate is 1, and does not move with the probabilities
    image, shares, valid, labels = image[1:, :, :8, :6], shares[1:, :, :8, :6], valid[1:, :8, :6], labels[1:, :8, :6]
    shares = shares.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: dense_energy(image, p, valid, labels, exact=True), (shares,))


def test_the_gate_is_a_constant_and_published_gradients_are_half_of_it_twice() -> None:
    image, shares, valid, labels = case()
    gradients = []
    for exact in (False, True):
        given = shares.clone().requires_grad_()
        value = dense_energy(image, given, valid, labels, scale=1.0, exact=exact)
        (gradient,) = torch.autograd.grad(value, given)
        gradients.append(gradient)
    published, exact = gradients
    assert not torch.equal(published, exact)
    # The energy is of degree 2 in the probabilities for a gate that stays: Euler's rule holds for both.
    for gradient in gradients:
        assert (gradient * shares).sum().allclose(2 * value, rtol=1e-4)
    # A pixel that the network is sure of learns nothing where it has a label.
    sure = shares.clone()
    sure[0, :, 5, 2], sure[0, 1, 5, 2] = 0.0, 1.0
    sure.requires_grad_()
    (gradient,) = torch.autograd.grad(dense_energy(image, sure, valid, labels, scale=1.0), sure)
    assert (gradient[0, :, 5, 2] == 0).all()


def test_padding_counts_for_nothing() -> None:
    image, shares, valid, labels = case()
    labels[~valid] = 0
    shares = shares.requires_grad_()
    value = dense_energy(image, shares, valid, labels, scale=1.0)
    (gradient,) = torch.autograd.grad(value, shares)
    assert value < 0
    assert (gradient[1, :, :4] == 0).all() and (gradient[1, :, 4:] != 0).any()
    nothing = dense_energy(image, shares, torch.zeros_like(valid), labels)
    assert nothing == 0


def test_agreement_of_like_pixels_lowers_it() -> None:
    image = torch.full((1, 3, 16, 16), 40.0)
    image[..., 8:] = 200.0
    valid = torch.ones(1, 16, 16, dtype=torch.bool)
    labels = torch.full((1, 16, 16), 255)
    along, across = torch.full((2, 1, 2, 16, 16), 0.1)
    along[:, 0, :, :8], along[:, 1, :, 8:] = 0.9, 0.9
    across[:, 0, :8], across[:, 1, 8:] = 0.9, 0.9
    assert dense_energy(image, along, valid, labels) < dense_energy(image, across, valid, labels)


def test_single_precision_under_autocast() -> None:
    image, shares, valid, labels = case()
    plain = dense_energy(image, shares, valid, labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = dense_energy(image, shares.bfloat16().float(), valid, labels)
    assert found.dtype == torch.float32
    assert found.allclose(plain, rtol=1e-2)
