"""Links between patches, counted by hand."""

from __future__ import annotations

import pytest
import torch

from landwright.losses import patch_links, relation

LABELS = torch.tensor([[[0, 0], [1, 255]]])
FEATURES = torch.tensor([[1.0, 0, 1, -1], [0, 1.0, 0, 0]]).reshape(1, 2, 2, 2)
"""Patches 0, 2 and 3 are alike but for the sign, 1 is another."""


def test_relation() -> None:
    assert relation(LABELS)[0].tolist() == [
        [255, 1, 0, 255],
        [1, 255, 0, 255],
        [0, 0, 255, 255],
        [255, 255, 255, 255],
    ]
    assert relation(LABELS).dtype == torch.uint8


def test_union_adds_links_to_what_labels_say() -> None:
    before = relation(LABELS)
    linked = patch_links(before, FEATURES)
    assert linked[0].tolist() == [
        [255, 1, 1, 1],
        [1, 255, 0, 255],
        [1, 0, 255, 1],
        [1, 255, 1, 255],
    ]
    assert torch.equal(before, relation(LABELS))


def test_published_links_are_with_oneself_too() -> None:
    linked = patch_links(relation(LABELS), FEATURES, official=True)
    assert linked[0].diagonal().tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("official", [True, False])
def test_links_alone_decide_on_known_patches(official: bool) -> None:
    linked = patch_links(relation(LABELS), FEATURES, mode="dino_only", official=official)
    assert linked[0].tolist() == [
        [255, 0, 1, 255],
        [0, 255, 0, 255],
        [1, 0, 255, 255],
        [255, 255, 255, 255],
    ]


def test_links_touch_no_padding() -> None:
    valid = torch.tensor([[[True, True], [True, False]]])
    linked = patch_links(relation(LABELS), FEATURES, valid=valid)
    assert (linked[0, 3] == 255).all()
    assert (linked[0, :, 3] == 255).all()
    assert linked[0, 0, 2] == 1


def test_the_threshold_of_an_image_does_not_depend_on_others() -> None:
    generator = torch.Generator().manual_seed(0)
    features, labels = torch.randn(1, 8, 3, 3, generator=generator), torch.zeros(1, 3, 3, dtype=torch.long) + 255
    alike = torch.ones_like(features) + 0.01 * torch.randn(features.shape, generator=generator)
    alone = patch_links(relation(labels), features)
    pair = relation(labels.expand(2, -1, -1)), torch.cat((features, alike))
    assert torch.equal(patch_links(*pair)[:1], alone)
    assert not torch.equal(patch_links(*pair, threshold="batch_mean")[:1], alone)


def test_a_threshold_may_be_a_number() -> None:
    assert (patch_links(relation(LABELS), FEATURES, threshold=1.5) == relation(LABELS)).all()
    assert int((patch_links(relation(LABELS), FEATURES, threshold=-1.0) == 1).sum()) == 12
