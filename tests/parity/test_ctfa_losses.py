"""Parity of the losses of CTFA and ATSG with their published code: values, gradient norms, counts of relations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses import (
    balanced_cross_entropy,
    boundary_loss,
    class_contrast,
    consecutive_objects,
    joint_loss,
    object_loss,
    patch_links,
    relation,
    tag_loss,
    token_contrast,
)

SYSTEMS = ("ctfa", "atsg")
LOSS = 1e-4
SEG_JOINT = 1e-3
GRADIENT = 1e-3


@pytest.fixture(params=SYSTEMS)
def stored(parity: Callable[[str], Any], request: pytest.FixtureRequest) -> Any:
    return parity(request.param)


def entry(stored: Any, name: str) -> dict[str, Any]:
    return next(entry for entry in stored.losses["entries"] if entry["name"] == name)


def labels(stored: Any, seed: int, shape: Sequence[int], classes: int) -> Tensor:
    """Draw a label map by the rule of the stored file."""
    values = np.clip(np.round(stored.fill.image(seed, tuple(shape)) * 1.5 + (classes - 1) / 2), 0, classes - 1)
    values[stored.fill.image(seed + 1000, tuple(shape)) > 1.0] = 255
    return torch.from_numpy(values.astype(np.int64))


def agree(entry: dict[str, Any], loss: Tensor, inputs: Sequence[Tensor], tolerance: float = LOSS) -> None:
    assert loss.item() == pytest.approx(entry["value"], rel=tolerance)
    loss.backward()
    assert [float(leaf.grad.norm()) for leaf in inputs] == pytest.approx(entry["grad_norm"], rel=GRADIENT)


def counts(relation: Tensor) -> dict[str, int]:
    return {str(value): int((relation == value).sum()) for value in (0, 1, 255)}


def test_token_contrast(stored: Any) -> None:
    case = entry(stored, "ptc")
    tokens = stored.image(*case["inputs"]["fmap"][1:]).requires_grad_()
    pairs = relation(labels(stored, *case["inputs"]["labels"][1:]))
    assert counts(pairs) == case["mask_counts"]
    agree(case, token_contrast(tokens, pairs), [tokens])


def test_balanced_cross_entropy(stored: Any) -> None:
    case = entry(stored, "seg_balanced_ce")
    logits = (2 * stored.image(*case["inputs"]["logits"][1:])).requires_grad_()
    truth = labels(stored, *case["inputs"]["labels"][1:])
    agree(case, balanced_cross_entropy(logits, truth, background=True), [logits], SEG_JOINT)


def test_class_contrast(stored: Any) -> None:
    case = entry(stored, "ctc")
    student, teacher = (stored.image(*case["inputs"][name][1:])[0] for name in ("student", "teacher"))
    student.requires_grad_()
    positive = torch.ones(case["inputs"]["ncrops"], 2, dtype=torch.bool)
    for image, crops in case["inputs"]["flags_zero"].items():
        positive[crops, int(image)] = False
    rows = [1.5 * F.normalize(values, dim=1) for values in (student, teacher)]
    agree(case, class_contrast(*rows, positive, case["inputs"]["temp"]), [student])


def test_joint(stored: Any) -> None:
    case = entry(stored, "joint")
    names = ("fg_logits (softmax branch)", "seg_logits (sigmoid branch)")
    both = [(2 * stored.image(*case["inputs"][name][1:])).requires_grad_() for name in names]
    truth = labels(stored, *case["inputs"]["labels"][1:])
    agree(case, joint_loss(*both, truth), both, SEG_JOINT)


def test_tags(stored: Any) -> None:
    case = entry(stored, "multilabel_soft_margin")
    logits = (3 * stored.image(*case["inputs"]["logits"][1:])[0]).requires_grad_()
    tags = torch.zeros_like(logits)
    for row, present in zip(tags, case["inputs"]["tags"], strict=True):
        row[present] = 1
    agree(case, tag_loss(logits, tags), [logits])


def test_links(parity: Callable[[str], Any]) -> None:
    stored = parity("atsg")
    case = entry(stored, "adalink_ptc")
    tokens = stored.image(*case["inputs"]["fmap"][1:]).requires_grad_()
    pairs = patch_links(
        relation(labels(stored, *case["inputs"]["labels"][1:])),
        stored.image(*case["inputs"]["dino_map"][1:]),
        mode="union",
        threshold="batch_mean",
        official=True,
    )
    assert counts(pairs) == case["mask_counts"]
    agree(case, token_contrast(tokens, pairs), [tokens])


def priors(stored: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits, objects and boundary of the entries on segments."""
    inputs = entry(stored, "object")["inputs"]
    boundary = stored.image(*inputs["boundary"][1:]).abs() < 0.12
    objects = (stored.image(*inputs["objects"][1:]) * 3 + 4).round().clamp(0, 9).long().masked_fill(boundary, 0)
    return (2 * stored.image(*inputs["logits"][1:])).requires_grad_(), objects, boundary.long()


def test_objects(parity: Callable[[str], Any]) -> None:
    stored = parity("atsg")
    logits, objects, _ = priors(stored)
    case = entry(stored, "object")
    assert torch.equal(consecutive_objects(objects), objects)
    agree(case, object_loss(logits, objects, mode="official", most=case["inputs"]["max_object"]), [logits])


def test_boundary(parity: Callable[[str], Any]) -> None:
    stored = parity("atsg")
    logits, _, boundary = priors(stored)
    case = entry(stored, "boundary_official")
    loss = boundary_loss(logits, boundary, mode="official")
    assert loss.item() == pytest.approx(case["value"], rel=LOSS)
    assert loss.requires_grad is case["requires_grad"]
