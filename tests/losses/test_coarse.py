from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from landwright.errors import UsageError
from landwright.losses import CoarseLoss
from landwright.losses.coarse import (
    MOST,
    agreement,
    class_means,
    confident_area,
    cross_entropy,
    share_weights,
    shares_of,
    vague_area_loss,
)

CLASSES = 4
ONE_EACH = torch.eye(CLASSES)
NOTHING = 255


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def labels(seed: int, *shape: int) -> Tensor:
    found = torch.randint(0, CLASSES + 1, shape, generator=torch.Generator().manual_seed(seed))
    return torch.where(found == CLASSES, NOTHING, found)


def maps(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    return drawn(seed, 2, CLASSES, 6, 5), drawn(seed + 1, 2, CLASSES, 6, 5), labels(seed + 2, 2, 6, 5)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), weighted=st.booleans())
def test_on_labels_of_one_class_it_is_torchs_cross_entropy(seed: int, weighted: bool) -> None:
    logits, _, mask = maps(seed)
    weights = torch.tensor([0.5, 1.0, 2.0, 0.1]) if weighted else None
    found = cross_entropy(logits, shares_of(mask, ONE_EACH), weights).mean(paper=False)
    wanted = F.cross_entropy(logits, mask, weights, ignore_index=NOTHING)
    torch.testing.assert_close(found, torch.where(wanted.isnan(), 0.0, wanted))


def test_soft_labels_are_torchs_class_probabilities() -> None:
    logits, _, mask = maps()
    shares = torch.tensor([[0.7, 0.3, 0, 0], [0, 1, 0, 0], [0.25] * 4, [0, 0, 0.5, 0.5]])
    known = mask != NOTHING
    target = shares_of(mask, shares)
    entropy = F.cross_entropy(logits, target, reduction="none")[known].mean()
    torch.testing.assert_close(cross_entropy(logits, target).mean(paper=False), entropy)


def test_classes_of_the_product_that_are_ignored_count_like_no_label() -> None:
    logits, second, mask = maps()
    ignoring = ONE_EACH.clone()
    ignoring[2] = 0
    found = CoarseLoss(ignoring)(logits, second, mask)
    wanted = CoarseLoss(ONE_EACH)(logits, second, mask.masked_fill(mask == 2, NOTHING))
    assert {name: float(value) for name, value in found.items()} == {
        name: pytest.approx(float(value)) for name, value in wanted.items()
    }


def test_agreement_keeps_labels_that_equal_the_prediction() -> None:
    logits, _, mask = maps()
    kept = agreement(logits, shares_of(mask, ONE_EACH))
    same = logits.argmax(1) == mask
    assert torch.equal(kept.sum(1).bool(), same)
    assert torch.equal(kept.argmax(1)[same], mask[same])


def test_agreement_with_soft_labels_takes_classes_likelier_than_by_chance() -> None:
    shares = torch.tensor([[0.6, 0.3, 0.1, 0.0]])
    logits = 9 * torch.eye(CLASSES).T.reshape(1, CLASSES, 1, CLASSES)
    kept = agreement(logits, shares_of(torch.zeros(1, 1, CLASSES, dtype=torch.long), shares))
    assert kept.sum(1).flatten().tolist() == [1, 1, 0, 0]
    assert kept.argmax(1).flatten()[:2].tolist() == [0, 1]


def test_confidence_leaves_out_unsure_agreement() -> None:
    logits = torch.tensor([[2.0, 0.1], [0.0, 0.0]]).reshape(1, 2, 1, 2)
    target = shares_of(torch.zeros(1, 1, 2, dtype=torch.long), torch.eye(2))
    assert agreement(logits, target).sum() == 2
    assert agreement(logits, target, confidence=0.8).sum() == 1


def test_no_gradient_flows_through_the_choice_of_labels() -> None:
    first, second, mask = maps()
    first.requires_grad_()
    second.requires_grad_()
    terms = CoarseLoss(ONE_EACH)(first, second, mask)
    terms["loss"].backward()
    assert first.grad is not None
    wanted = torch.autograd.grad(0.5 * F.cross_entropy(first, mask, ignore_index=NOTHING), first)[0]
    torch.testing.assert_close(first.grad, wanted)


def test_agreed_labels_keep_the_shares_of_their_classes() -> None:
    target = shares_of(torch.tensor([[[0, 0, 0, 0, 1, 1, 1, 1, 2, 2]]]), torch.eye(3))
    agreed = target.clone()
    agreed[..., 1:8] = 0  # one of four, none of four, two of two
    assert share_weights(target, agreed).tolist() == [4, 4, 1]
    many = shares_of(torch.zeros(1, 5, 8, dtype=torch.long), torch.eye(2))
    assert share_weights(many, torch.zeros_like(many)).tolist() == [MOST, 0]


def test_kept_shares_weigh_the_second_term() -> None:
    first, second, mask = maps()
    target = shares_of(mask, ONE_EACH)
    agreed = agreement(first, target)
    kept = mask.masked_fill(agreed.sum(1) == 0, NOTHING)
    found = CoarseLoss(ONE_EACH)(first, second, mask)["agreed_labels"]
    weights = share_weights(target, agreed)
    torch.testing.assert_close(found, F.cross_entropy(second, kept, weights, ignore_index=NOTHING))
    plain = CoarseLoss(ONE_EACH, keep_shares=False)(first, second, mask)["agreed_labels"]
    torch.testing.assert_close(plain, F.cross_entropy(second, kept, ignore_index=NOTHING))


@pytest.mark.parametrize("case", ["nothing agrees", "nothing is labelled"])
def test_an_empty_term_is_nothing_and_nan_as_published(case: str) -> None:
    mask = torch.full((1, 3, 3), NOTHING if case == "nothing is labelled" else 0)
    logits = 5 * F.one_hot(torch.full((1, 3, 3), 1), CLASSES).movedim(-1, 1).float()
    logits.requires_grad_()
    sane = CoarseLoss(ONE_EACH)(logits, logits, mask)
    assert math.isfinite(sane["loss"].item())
    assert sane["agreed"] == 0
    sane["loss"].backward()
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())
    assert math.isnan(float(CoarseLoss(ONE_EACH, paper=True)(logits, logits, mask)["loss"]))


def test_without_plat_both_branches_learn_from_all_labels() -> None:
    first, second, mask = maps()
    terms = CoarseLoss(ONE_EACH, plat=False)(first, second, mask)
    each = [F.cross_entropy(logits, mask, ignore_index=NOTHING) for logits in (first, second)]
    torch.testing.assert_close(terms["loss"], 0.5 * each[0] + 0.5 * each[1])
    assert terms["agreed"] == 1


def test_the_confident_area_is_at_least_as_sure_as_its_class() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]]).reshape(1, 2, 1, 4)
    assert confident_area(logits).flatten().tolist() == [True, False, True, True]


def test_labels_outside_the_confident_area_do_not_count() -> None:
    first, second, mask = maps()
    terms = CoarseLoss(ONE_EACH, plat=False, select=True)(first, second, mask)
    kept = mask.masked_fill(~confident_area(first), NOTHING)
    wanted = CoarseLoss(ONE_EACH, plat=False)(first, second, kept)
    torch.testing.assert_close(terms["loss"], wanted["loss"])
    assert 0 < terms["agreed"] < 1


def test_means_per_class() -> None:
    values, index = torch.tensor([[1.0, 3.0, 10.0]]), torch.tensor([[0, 0, 2]])
    assert class_means(values, index, 4).tolist() == [2, 0, 10, 0]
    assert class_means(values, index, 4, torch.tensor([[1.0, 0.0, 0.0]])).tolist() == [1, 0, 0, 0]


def test_vague_area_loss_by_hand() -> None:
    features = torch.tensor([[1.0, 3.0, 8.0], [1.0, 1.0, 8.0]]).reshape(1, 2, 1, 3)
    logits = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).reshape(1, 2, 1, 3)
    confident = torch.tensor([True, False, True]).reshape(1, 1, 3)
    # First class: half of its pixels are confident, channel means 1 and 2, largest 1 and 3. Second: nothing is vague.
    by_mean = 0.5 * (1 - 1.5) ** 2 + 0.5 * (2 - 1.5) ** 2
    by_largest = 0.5 * (1 - 2) ** 2 + 0.5 * (3 - 2) ** 2
    assert float(vague_area_loss(features, logits, confident)) == pytest.approx((by_mean + by_largest) / 2)


def test_vague_area_loss_pulls_features_together() -> None:
    first, second, mask = maps()
    features = drawn(9, 2, 3, 6, 5).requires_grad_()
    loss = CoarseLoss(ONE_EACH, vague=0.1)
    terms = loss(first, second, mask, features)
    torch.testing.assert_close(
        terms["loss"], CoarseLoss(ONE_EACH)(first, second, mask)["loss"] + 0.1 * terms["vague_area"]
    )
    terms["loss"].backward()
    assert features.grad is not None
    assert bool(features.grad.any())
    with pytest.raises(UsageError, match="no features"):
        loss(first, second, mask)
