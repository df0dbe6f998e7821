"""Losses of words: formulas by hand on small numbers."""

from __future__ import annotations

import builtins
import math

import pytest
import torch
import torch.nn.functional as F

from landwright.errors import UsageError
from landwright.losses import info_nce, multi_positive, region_distillation, region_features

SCALE = torch.tensor(5.0)


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_pairs_that_agree_cost_little_and_others_much() -> None:
    eye = torch.eye(4)
    assert info_nce(eye, eye, SCALE).item() == pytest.approx(math.log(1 + 3 * math.exp(-5)), rel=1e-5)
    assert info_nce(eye, eye.roll(1, 0), SCALE) > 4


def test_rows_that_are_not_valid_are_told_from_but_not_matched() -> None:
    image, text = unit(5, 8), unit(5, 8, seed=1)
    valid = torch.tensor([True, True, True, False, False])
    logits = SCALE * image @ text.T
    target = torch.arange(3)
    expected = (F.cross_entropy(logits[:3], target) + F.cross_entropy(logits.T[:3], target)) / 2
    torch.testing.assert_close(info_nce(image, text, SCALE, valid), expected)


def test_nothing_to_match_is_no_loss() -> None:
    image, text = unit(3, 8).requires_grad_(), unit(3, 8, seed=1)
    for loss in (
        info_nce(image, text, SCALE, torch.zeros(3, dtype=torch.bool)),
        multi_positive(image, text, SCALE, torch.full((3,), -1)),
        region_distillation(image[:0], text[:0, None], text[:0]),
    ):
        assert loss.item() == 0
        assert loss.requires_grad


def test_categories_of_their_own_give_the_plain_loss() -> None:
    image, text = unit(4, 8), unit(4, 8, seed=1)
    torch.testing.assert_close(
        multi_positive(image, text, SCALE, torch.tensor([7, 2, 9, 0])), info_nce(image, text, SCALE)
    )


def test_rows_of_one_category_are_positives_of_one_another() -> None:
    image = torch.eye(2)[[0, 0, 1]]
    labels = torch.tensor([3, 3, 1])
    # Each of the equal rows shares its certainty with the other, which is the least that can be lost.
    best = (2 * math.log(2) + 0) / 3
    assert multi_positive(image, image, torch.tensor(100.0), labels).item() == pytest.approx(best, abs=1e-4)
    assert (
        multi_positive(image, image, SCALE, torch.tensor([0, 1, 2])) > multi_positive(image, image, SCALE, labels) - 1
    )


def test_a_region_is_the_mean_of_its_part_of_the_map() -> None:
    patches = torch.zeros(2, 1, 4, 4)
    patches[1, 0, :2, 2:] = 8.0
    boxes = torch.tensor([[0.5, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]])
    found = region_features(patches, boxes, torch.tensor([1, 1, 1]))
    assert found.shape == (3, 1)
    assert found[0] > 6  # but for the blending of patches at its edges
    assert found[1].item() == pytest.approx(2, abs=0.3)
    assert found[2] < 0.5
    assert region_features(patches, boxes, torch.tensor([0, 0, 0])).abs().max() == 0


def test_regions_are_not_confused_on_maps_that_are_not_square() -> None:
    patches = torch.arange(2 * 6, dtype=torch.float32).reshape(1, 1, 2, 6)
    whole = region_features(patches, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([0]))
    right = region_features(patches, torch.tensor([[0.5, 0.0, 1.0, 1.0]]), torch.tensor([0]))
    assert right > whole


def test_what_a_region_is_compared_with() -> None:
    regions, cls = unit(3, 8), unit(3, 8, seed=1)
    patches = torch.stack([regions * 3, regions * 5], dim=1)  # their mean has the regions' directions
    assert region_distillation(regions, patches, cls).item() == pytest.approx(0, abs=1e-6)
    by_cls = region_distillation(regions, patches, cls, align="roi2cls").item()
    assert by_cls == pytest.approx(1 - (regions * cls).sum(1).mean().item(), abs=1e-6)
    both = region_distillation(regions, patches, cls, align="combined").item()
    assert both == pytest.approx(by_cls / 2, abs=1e-6)


def test_regions_need_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest, **more):
        if name.startswith("torchvision"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="torchvision") as caught:
        region_features(torch.zeros(1, 1, 2, 2), torch.zeros(1, 4), torch.zeros(1, dtype=torch.int64))
    assert "landwright[words]" in str(caught.value.remedy)
