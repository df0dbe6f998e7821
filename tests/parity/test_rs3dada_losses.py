"""Losses, trust in pseudo-labels, mixing, teacher and schedule of RS3DAda against the published ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landwright.data.mixing import classmix_mask, cutmix_mask
from landwright.losses import (
    class_confidence,
    class_loss,
    ema_decay,
    feature_loss,
    ground_refinement,
    height_consistency,
    height_loss,
    update_teacher,
)
from landwright.recipe import OptimSpec
from landwright.regimes.optimizer import build_optimizer, build_schedule

CLASSES = 8
HALF, HEIGHT_WEIGHT = 0.5, 0.8
RATIO, CONFIDENCE, THRESHOLD = 1.55, 0.95, 0.8
RAISED = (4, 7)
TOKENS = (2, 196, 384)


class Stored:
    """The stored inputs by their rules, and what the published code makes of them."""

    def __init__(self, parity: Any) -> None:
        losses = parity.losses
        self.batch, _, self.height, self.width = losses["shape (B,1,H,W)"]
        self._entries = {entry["name"]: entry for entry in losses["entries"]}
        self._image = parity.fill.image

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._entries[name]["expected"]

    def inputs(self, name: str) -> dict[str, Any]:
        return self._entries[name]["inputs"]

    def noise(self, seed: int, *channels: int) -> Tensor:
        return torch.from_numpy(self._image(seed, (self.batch, *channels, self.height, self.width)))

    def signed(self, seed: int) -> Tensor:
        return 3 * self.noise(seed, 1)

    def heights(self, seed: int) -> Tensor:
        return (6 * self.noise(seed, 1)).clamp(min=0)

    def logits(self, seed: int) -> Tensor:
        return 4 * self.noise(seed, CLASSES)

    def labels(self, seed: int) -> Tensor:
        return ((self.noise(seed) + 2) * 2).floor().clamp(0, CLASSES - 1).long()

    def tokens(self, seed: int) -> Tensor:
        return torch.from_numpy(self._image(seed, TOKENS))

    def consistency(self) -> Tensor:
        first = self.signed(208) + 2
        second = first * (1 + 0.3 * self.noise(209, 1)) + 0.2 * self.noise(210, 1)
        return height_consistency(first, second, RATIO, paper=True)

    def confidence(self) -> Tensor:
        return class_confidence(self.logits(211), CONFIDENCE, paper=True)

    def mixed(self) -> tuple[Tensor, Tensor]:
        """Return the masks of the case classmix, and the heights mixed by them."""
        picked = self.inputs("classmix")["picked classes (given; count must be (n+n%2)/2 of the n classes present)"]
        generators: list[Any] = [Given(classes) for classes in picked]
        masks = [classmix_mask(*pair) for pair in zip(self.labels(212).numpy(), generators, strict=True)]
        mask = torch.from_numpy(np.stack(masks))[:, None]
        return mask, torch.where(mask, self.heights(213), self.heights(214))


class Given:
    """Stands for a random generator that picks what is given, if it is asked for as many."""

    def __init__(self, picked: list[int]) -> None:
        self.picked = picked

    def choice(self, present: np.ndarray, count: int, *, replace: bool) -> np.ndarray:
        assert (count, replace) == (len(self.picked), False)
        assert set(self.picked) <= set(present.tolist())
        return np.array(self.picked)


@pytest.fixture(scope="module")
def stored(parity: Callable[[str], Any]) -> Stored:
    return Stored(parity("rs3dada"))


def check(loss: Tensor, leaf: Tensor, expected: dict[str, Any]) -> None:
    (gradient,) = torch.autograd.grad(loss, leaf)
    assert loss.item() == pytest.approx(expected["value"], rel=1e-6)
    assert float(gradient.norm()) == pytest.approx(expected["grad_norm"], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "weight"), [("source_height_loss", HALF * HEIGHT_WEIGHT), ("source_only_height_loss", 1.0)]
)
def test_source_heights(stored: Stored, name: str, weight: float) -> None:
    prediction = stored.signed(201).requires_grad_()
    check(weight * height_loss(prediction, stored.heights(202)), prediction, stored[name])


def test_source_classes(stored: Stored) -> None:
    logits, expected = stored.logits(203).requires_grad_(), stored["source_class_loss"]
    ignored = stored.noise(205) > 1
    assert float(ignored.float().mean()) == pytest.approx(expected["ignored_fraction"])
    check(HALF * class_loss(logits, stored.labels(204).masked_fill(ignored, 255)), logits, expected)


def as_map(tokens: Tensor) -> Tensor:
    return tokens.mT.reshape(TOKENS[0], TOKENS[2], 14, 14)


def drifted(stored: Stored, layer: int) -> tuple[Tensor, Tensor]:
    student = stored.tokens(206 + 10 * (layer - 1)).requires_grad_()
    return student, student.detach() + 0.8 * stored.tokens(207 + 10 * (layer - 1))


def test_features_of_the_last_layer(stored: Stored) -> None:
    student, frozen = drifted(stored, 3)
    loss = feature_loss(as_map(student), as_map(frozen), THRESHOLD)
    check(loss, student, stored["feature_loss_default_last_layer"])
    same = feature_loss(as_map(student), as_map(student), THRESHOLD)
    assert same.item() == stored["feature_loss_none_selected"]["value"]
    assert not torch.autograd.grad(same, student)[0].any()


def test_features_of_several_layers(stored: Stored) -> None:
    expected = stored["feature_loss_layers_1_to_3_decrement_0.05"]
    total, square = 0.0, 0.0
    for entry in expected["per_layer"]:
        student, frozen = drifted(stored, entry["layer"])
        loss = feature_loss(as_map(student), as_map(frozen), entry["threshold"])
        assert loss.item() == pytest.approx(entry["value"], rel=1e-6)
        total += loss.item()
        square += float(torch.autograd.grad(loss, student)[0].square().sum())
    assert total == pytest.approx(expected["value"], rel=1e-6)
    assert square**0.5 == pytest.approx(expected["grad_norm"], rel=1e-5)


def test_trust_in_pseudo_labels(stored: Stored) -> None:
    for found, name in (
        (stored.consistency(), "height_consistency_fraction"),
        (stored.confidence(), "class_confidence_fraction"),
    ):
        assert found.tolist() == pytest.approx([stored[name]["value"]] * stored.batch)


def test_ground_refinement(stored: Stored) -> None:
    height = ground_refinement(stored.signed(208) + 2, stored.logits(211).argmax(1), RAISED)
    expected = stored["ground_guided_refinement"]
    assert float(height.mean()) == pytest.approx(expected["mean"], rel=1e-6)
    assert float(height.std(correction=0)) == pytest.approx(expected["std"], rel=1e-4)
    assert float((height != 0).float().mean()) == pytest.approx(expected["nonzero_fraction"])


def test_classmix(stored: Stored) -> None:
    mask, height = stored.mixed()
    expected = stored["classmix"]
    assert [labels.unique().tolist() for labels in stored.labels(212)] == expected["classes_present"]
    assert mask.float().mean((1, 2, 3)).tolist() == pytest.approx(expected["mask_fraction"])
    assert float(height.mean()) == pytest.approx(expected["mixed_mean"], rel=1e-6)
    assert float(height.std(correction=0)) == pytest.approx(expected["mixed_std"], rel=1e-4)


def test_cutmix(stored: Stored) -> None:
    expected = stored["cutmix_masks"]
    rng: Any = np.random.RandomState(3)  # the published code draws from numpy's old generator
    for share, (top, bottom, left, right) in zip(expected["mask_fraction"], expected["zeros_box"], strict=True):
        mask = cutmix_mask((stored.height, stored.width), rng)
        assert float(mask.mean()) == pytest.approx(share)
        assert not mask[top:bottom, left:right].any()
        assert (~mask).sum() == (bottom - top) * (right - left)


def test_target_heights(stored: Stored) -> None:
    mask, target = stored.mixed()
    prediction = stored.signed(215).requires_grad_()
    weight = torch.where(mask, 1.0, stored.consistency()[:, None, None, None])
    loss = HALF * HEIGHT_WEIGHT * height_loss(prediction, target, weight)
    check(loss, prediction, stored["target_height_loss"])


def test_target_classes(stored: Stored) -> None:
    mask, _ = stored.mixed()
    logits = stored.logits(216).requires_grad_()
    weight = torch.where(mask[:, 0], 1.0, stored.confidence()[:, None, None])
    check(HALF * class_loss(logits, stored.labels(217), weight), logits, stored["target_class_loss"])


class Small(nn.Module):
    """Two parameters and a buffer, as in the stored trace."""

    def __init__(self, weights: list[float], scale: float) -> None:
        super().__init__()
        self.w, self.s = nn.Parameter(torch.tensor(weights)), nn.Parameter(torch.tensor(scale))
        self.register_buffer("b", torch.zeros(2))


def test_teacher(stored: Stored) -> None:
    expected = stored["ema"]
    assert {step: ema_decay(int(step), 0.99) for step in expected["alpha"]} == pytest.approx(expected["alpha"])
    teacher, student = Small([0.0, 10.0], 0.0), Small([1.0, 2.0], 1.0)
    for step, (weights, scale, buffer) in enumerate(expected["trace"], start=1):
        with torch.no_grad():
            for tensor, more in ((student.w, 0.5), (student.s, 0.5), (student.get_buffer("b"), 1.0)):
                tensor.add_(more)
        update_teacher(teacher, student, ema_decay(step, 0.99), buffers=False)
        assert teacher.w.tolist() == pytest.approx(weights, rel=1e-6)
        assert teacher.s.item() == pytest.approx(scale, rel=1e-6)
        assert teacher.get_buffer("b").tolist() == buffer


@pytest.mark.parametrize(
    ("name", "lr", "warmup"),
    [("rs3dada_encoder", 1e-6, 1500), ("rs3dada_decoder", 1e-5, 1500), ("source_only_encoder", 1e-6, 0)],
)
def test_learning_rates(stored: Stored, name: str, lr: float, warmup: int) -> None:
    steps = stored.inputs("learning_rate")["steps"]
    spec = OptimSpec(schedule="poly-zero", lr=lr, min_lr=0, steps=steps, warmup=warmup)
    (factor,) = build_schedule(build_optimizer(nn.Linear(1, 1), spec), spec).lr_lambdas  # type: ignore[attr-defined]
    for step, value in stored["learning_rate"][name].items():
        assert lr * factor(int(step)) == pytest.approx(value, rel=1e-9)
