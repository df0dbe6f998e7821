"""Losses of tags: formulas by hand on small numbers, and what has no pixel."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from landwright.losses import (
    balanced_cross_entropy,
    class_contrast,
    joint_loss,
    relation,
    tag_loss,
    token_contrast,
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_tags_are_judged_one_by_one() -> None:
    loss = tag_loss(torch.tensor([[0.0, 10.0]]), torch.tensor([[1, 1]]))
    assert loss.item() == pytest.approx(math.log(2) / 2, abs=1e-4)


def test_tokens_of_one_label_are_to_be_alike() -> None:
    labels = torch.tensor([[[0, 0], [1, 1]]])
    agree = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).reshape(1, 2, 2, 2)
    differ = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 1]]).reshape(1, 2, 2, 2)
    # Four ordered pairs of one label, eight of two; one more in either denominator.
    assert token_contrast(agree, relation(labels)).item() == pytest.approx(0.5 * (1 - 4 / 5))
    assert token_contrast(differ, relation(labels)).item() == pytest.approx(0.5 + 0.5 * 4 / 9)


def test_token_contrast_is_that_of_the_plain_formula() -> None:
    tokens = drawn(2, 5, 3, 4).double().requires_grad_()
    pairs = relation(torch.randint(0, 3, (2, 3, 4), generator=torch.Generator().manual_seed(1)))
    unit = F.normalize(tokens.flatten(2), dim=1)
    cosines = (unit.mT @ unit).abs()
    together, apart = pairs == 1, pairs == 0
    plain = 0.5 * (1 - cosines[together].sum() / (together.sum() + 1)) + 0.5 * cosines[apart].sum() / (apart.sum() + 1)
    loss = token_contrast(tokens, pairs)
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(*(torch.autograd.grad(value, tokens)[0] for value in (loss, plain)))


def test_half_precision_is_widened() -> None:
    tokens = drawn(1, 8, 4, 4)
    pairs = relation(torch.arange(16).reshape(1, 4, 4) % 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert token_contrast(tokens.bfloat16(), pairs).dtype == torch.float32
        assert token_contrast(tokens, pairs) == token_contrast(tokens, pairs)
        inside = token_contrast(tokens, pairs)
    assert torch.equal(inside, token_contrast(tokens, pairs))


def test_unknown_tokens_teach_nothing() -> None:
    tokens = drawn(1, 8, 2, 2).requires_grad_()
    loss = token_contrast(tokens, relation(torch.full((1, 2, 2), 255)))
    loss.backward()
    assert loss.item() == 0.5
    assert not tokens.grad.any()


def test_crops_are_drawn_to_their_image() -> None:
    teacher = torch.tensor([[1.0, 0]]).repeat(2, 1)
    near, far = torch.tensor([[1.0, 0]]), torch.tensor([[0, 1.0]])
    positive = torch.tensor([[True], [True], [False]])
    good = class_contrast(torch.cat((near, near, far)), teacher, positive)
    bad = class_contrast(torch.cat((far, far, near)), teacher, positive)
    assert good < bad
    others = 1 + 1e-4  # exp(0), and what keeps the quotient finite
    one = -math.log(math.exp(2) / (math.exp(2) + others))
    assert good.item() == pytest.approx((2 * one + math.log(1 + others)) * 2 / 2 / 2.0001, rel=1e-5)


def test_contrast_of_long_codes_stays_finite() -> None:
    student, teacher = (100 * drawn(4, 3, seed=seed) for seed in (1, 2))
    student.requires_grad_()
    loss = class_contrast(student, teacher, torch.ones(4, 1, dtype=torch.bool))
    loss.backward()
    assert loss.isfinite()
    assert student.grad.isfinite().all()


@pytest.mark.parametrize("background", [True, False])
def test_without_pseudo_labels_there_is_no_loss(background: bool) -> None:
    logits = drawn(2, 3, 4, 4).requires_grad_()
    nothing = torch.full((2, 4, 4), 255)
    loss = balanced_cross_entropy(logits, nothing, background=background) + joint_loss(logits, logits, nothing)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_background_and_classes_count_half_each() -> None:
    logits, labels = drawn(1, 3, 2, 2), torch.tensor([[[0, 1], [2, 255]]])
    each = F.cross_entropy(logits, labels, ignore_index=255, reduction="none")[0]
    halves = (each[0, 0] + (each[0, 1] + each[1, 0]) / 2) / 2
    torch.testing.assert_close(balanced_cross_entropy(logits, labels, background=True), halves)
    plain = (each[0, 0] + each[0, 1] + each[1, 0]) / 3
    torch.testing.assert_close(balanced_cross_entropy(logits, labels, background=False), plain)


def test_an_absent_half_is_left_out() -> None:
    logits, labels = drawn(1, 3, 1, 2), torch.tensor([[[1, 255]]])
    loss = balanced_cross_entropy(logits, labels, background=True)
    torch.testing.assert_close(loss, F.cross_entropy(logits, labels, ignore_index=255) / 2)


def test_both_decoders_have_to_agree() -> None:
    labels = torch.zeros(1, 1, 1, dtype=torch.long)
    sure = torch.tensor([4.0, -4.0]).reshape(1, 2, 1, 1)
    product = sure.softmax(1) * sure.sigmoid()
    torch.testing.assert_close(
        joint_loss(sure, sure, labels), -(product / product.sum(1, keepdim=True))[0, 0].log()[0, 0]
    )
    assert joint_loss(sure, sure, labels) < joint_loss(sure, -sure, labels) < joint_loss(-sure, -sure, labels)


def test_a_hopeless_pixel_costs_no_more_than_the_published_bound() -> None:
    wrong = torch.tensor([-80.0, 80.0]).reshape(1, 2, 1, 1)
    assert joint_loss(wrong, wrong, torch.zeros(1, 1, 1, dtype=torch.long)).item() == pytest.approx(-math.log(1e-7))
