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


@pytest.mark.parametrize("threshold", ["image_mean", "batch_mean"])
def test_means_are_over_pairs_of_different_patches_that_show_the_image(threshold: str) -> None:
    unit = torch.tensor([0.0, 0.5, 1.35, 1.5])
    features = torch.stack((unit.cos(), unit.sin()))[None, :, None]
    labels = torch.full((1, 1, 4), 255)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    mean = sum(float((unit[i] - unit[j]).cos()) for i, j in pairs) / len(pairs)
    # The cosine of patches 1 and 2 lies between this mean and that over all pairs.
    assert mean < float(torch.tensor(0.85).cos()) < (12 * mean + 4) / 16
    linked = patch_links(relation(labels), features, threshold=threshold)
    assert all((linked[0, i, j] == 1) == (float((unit[i] - unit[j]).cos()) > mean) for i, j in pairs)
    # Padding changes nothing, whatever it holds.
    for padding in (features[..., :1].expand(-1, -1, -1, 4), -features.flip(1)):
        wide = torch.cat((features, padding), 3)
        valid = (torch.arange(8) < 4).expand(1, 1, 8)
        found = patch_links(relation(torch.full((1, 1, 8), 255)), wide, threshold=threshold, valid=valid)
        assert torch.equal(found[:, :4, :4], linked)
        assert (found[0, 4:] == 255).all() and (found[0, :, 4:] == 255).all()


def test_an_image_of_padding_alone_has_no_links() -> None:
    for valid in (torch.zeros(1, 2, 2, dtype=torch.bool), torch.eye(2, dtype=torch.bool)[None] & False):
        assert torch.equal(patch_links(relation(LABELS), FEATURES, valid=valid), relation(LABELS))


def test_a_threshold_may_be_a_number() -> None:
    assert (patch_links(relation(LABELS), FEATURES, threshold=1.5) == relation(LABELS)).all()
    assert int((patch_links(relation(LABELS), FEATURES, threshold=-1.0) == 1).sum()) == 12
