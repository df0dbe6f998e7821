from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from landwright.losses import (
    class_confidence,
    class_loss,
    feature_loss,
    ground_refinement,
    height_consistency,
    height_loss,
)

RATIO = 1.55
NOTHING = 255


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_unknown_heights_say_nothing(seed: int) -> None:
    prediction, target = drawn(seed, 2, 1, 6, 5).requires_grad_(), 4 * drawn(seed + 1, 2, 1, 6, 5)
    unknown = drawn(seed + 2, 2, 1, 6, 5) > 0.5
    loss = height_loss(prediction, target.masked_fill(unknown, torch.nan))
    wanted = F.smooth_l1_loss(prediction, target, reduction="none").masked_fill(unknown, 0).mean()
    torch.testing.assert_close(loss, wanted)
    (gradient,) = torch.autograd.grad(loss, prediction)
    assert not gradient[unknown].any()
    assert gradient[~unknown].all()


def test_a_map_of_which_nothing_is_known_costs_nothing() -> None:
    prediction, logits = drawn(0, 1, 1, 4, 4).requires_grad_(), drawn(1, 1, 3, 4, 4).requires_grad_()
    heights = height_loss(prediction, torch.full((1, 1, 4, 4), torch.nan))
    classes = class_loss(logits, torch.full((1, 4, 4), NOTHING))
    assert (heights.item(), classes.item()) == (0, 0)
    (heights + classes).backward()
    assert prediction.grad is not None
    assert logits.grad is not None
    assert not prediction.grad.any()
    assert not logits.grad.any()


def test_every_image_has_its_own_weights() -> None:
    logits, labels, weight = drawn(0, 3, 4, 5, 6), torch.randint(0, 4, (3, 5, 6)), drawn(1, 3, 5, 6).abs()
    labels[0, 0] = NOTHING
    each = [class_loss(logits[[place]], labels[[place]], weight[[place]]) for place in range(3)]
    torch.testing.assert_close(class_loss(logits, labels, weight), torch.stack(each).mean())
    shares = torch.tensor([0.1, 1.0, 0.0])
    assert class_loss(logits, labels, shares[:, None, None]).item() == pytest.approx(
        sum(share * class_loss(logits[[place]], labels[[place]]) for place, share in enumerate(shares.tolist())) / 3
    )
    heights = drawn(2, 3, 1, 5, 6)
    each = [height_loss(heights[[place]], heights[[place]] + 2, weight[[place], None]) for place in range(3)]
    torch.testing.assert_close(height_loss(heights, heights + 2, weight[:, None]), torch.stack(each).mean())


def test_losses_are_taken_in_32_bits() -> None:
    logits, labels = drawn(0, 1, 3, 64, 64).bfloat16(), torch.zeros(1, 64, 64, dtype=torch.int64)
    heights = drawn(1, 1, 1, 64, 64)
    assert class_loss(logits, labels).dtype == height_loss(heights.bfloat16(), heights).dtype == torch.float32
    torch.testing.assert_close(class_loss(logits, labels), class_loss(logits.float(), labels))


def test_only_tokens_that_went_far_are_drawn_back() -> None:
    frozen = drawn(0, 1, 8, 2, 2)
    student = frozen.clone()
    student[..., 0, 0] *= -1  # cosine -1
    student[..., 1, 1] *= 3  # cosine 1
    student.requires_grad_()
    loss = feature_loss(student, frozen.requires_grad_(), 0.8)
    assert loss.item() == pytest.approx(2)
    loss.backward()
    assert frozen.grad is None
    assert student.grad is not None
    assert not student.grad[..., 0, 1].any()
    near = feature_loss(frozen, frozen, 0.8)
    assert near.item() == 0
    near.backward()


def certainty(*shares: float) -> Tensor:
    """Return logits (B, 2, 10, 10) of which this share of rows is certain, image by image."""
    logits = torch.zeros(len(shares), 2, 10, 10)
    for image, share in zip(logits, shares, strict=True):
        image[0, : round(10 * share)] = 10
    return logits


def test_every_image_has_its_own_trust_and_the_published_form_one_for_all() -> None:
    logits = certainty(0.2, 0.6)
    assert class_confidence(logits, 0.95).tolist() == pytest.approx([0.2, 0.6])
    assert class_confidence(logits, 0.95, paper=True).tolist() == pytest.approx([0.4, 0.4])
    assert class_confidence(logits, 0.5).tolist() == [1, 1]
    heights = torch.where(logits[:, :1] > 0, 2.0, 9.0)
    assert height_consistency(heights, torch.full_like(heights, 2), RATIO).tolist() == pytest.approx([0.2, 0.6])
    found = height_consistency(heights, torch.full_like(heights, 2), RATIO, paper=True)
    assert found.tolist() == pytest.approx([0.4, 0.4])


def test_only_valid_pixels_count() -> None:
    valid = torch.zeros(2, 10, 10, dtype=torch.bool)
    valid[0, :4] = True
    assert class_confidence(certainty(0.2, 1), 0.95, valid=valid).tolist() == pytest.approx([0.5, 0])
    heights = torch.ones(2, 1, 10, 10)
    heights[0, :, 1:] = 3
    assert height_consistency(heights, torch.ones_like(heights), RATIO, valid=valid).tolist() == [0.25, 0]


@pytest.mark.parametrize(
    ("first", "second", "floor", "sane", "published"),
    [
        (5.0, 7.0, 0.0, True, True),
        (7.0, 5.0, 0.0, True, True),
        (5.0, 8.0, 0.0, False, False),
        (5.0, -5.0, 0.0, False, True),
        (-5.0, -5.0, 0.0, True, True),
        (0.0, 0.0, 0.0, True, False),
        (0.0, 2.0, 0.0, False, False),
        (0.1, 0.9, 1.0, True, False),
        (-0.4, 1.2, 1.0, True, True),
        (0.1, 1.6, 1.0, False, False),
        (torch.nan, 2.0, 1.0, False, False),
        (torch.nan, torch.nan, 1.0, False, False),
    ],
)
def test_consistent_heights(first: float, second: float, floor: float, sane: bool, published: bool) -> None:
    views = torch.full((1, 1, 2, 2), first), torch.full((1, 1, 2, 2), second)
    assert bool(height_consistency(*views, RATIO, floor=floor)) is sane
    assert bool(height_consistency(*views, RATIO, floor=floor, paper=True)) is published


def test_ground_is_flat() -> None:
    heights, labels = torch.full((1, 1, 2, 2), 3.0), torch.tensor([[[0, 1], [2, NOTHING]]])
    assert ground_refinement(heights, labels, (1, 2)).tolist() == [[[[0, 3], [3, 0]]]]
    assert not ground_refinement(heights, labels, ()).any()
