from __future__ import annotations

import pytest
import torch
from torch import Tensor

from landwright.errors import UsageError
from landwright.filters import cam_labels, refined_labels, refined_scores, roi_map, token_labels

HIGH, LOW = 0.7, 0.25


def row(*channels: list[float]) -> Tensor:
    """A map of one image and one row of pixels."""
    return torch.tensor(channels)[None, :, None, :]


CAM = row([0.9, 0.5, 0.1, 0.0], [0.2, 0.8, 0.2, 0.0], [1.0, 1.0, 1.0, 1.0])
TAGS = torch.tensor([[1.0, 1.0, 0.0]])
VALID = torch.tensor([[[True, True, True, True]]])


def seen(label: Tensor) -> list[int]:
    assert label.dtype == torch.int64
    return label[0, 0].tolist()


def test_training_leaves_out_what_lies_between_the_thresholds() -> None:
    assert seen(cam_labels(CAM, TAGS, VALID, background=True, high=HIGH, low=LOW)) == [1, 2, 0, 0]
    assert seen(cam_labels(CAM, TAGS, VALID, background=True, high=0.85, low=LOW)) == [1, 255, 0, 0]
    only = torch.tensor([[1, 0, 0]])
    assert seen(cam_labels(CAM, only, VALID, background=True, high=HIGH, low=LOW)) == [1, 255, 0, 0]


def test_validation_gives_every_pixel_a_class() -> None:
    assert seen(cam_labels(CAM, TAGS, VALID, background=True, bkg=0.5)) == [1, 2, 0, 0]
    assert seen(cam_labels(CAM, TAGS, VALID, background=True, bkg=0.85)) == [1, 0, 0, 0]
    assert seen(cam_labels(CAM, TAGS, None, background=False)) == [0, 1, 1, 0]


def test_without_a_background_weak_maps_say_nothing() -> None:
    assert seen(cam_labels(CAM, TAGS, VALID, background=False, high=HIGH, low=LOW)) == [0, 1, 255, 255]
    none = torch.zeros(1, 3)
    assert seen(cam_labels(CAM, none, VALID, background=False)) == [255] * 4
    assert seen(cam_labels(CAM, none, VALID, background=True, bkg=0.5)) == [0] * 4


def test_a_class_without_a_tag_never_wins_even_over_zeros() -> None:
    zeros = torch.zeros(1, 3, 1, 4)
    assert seen(cam_labels(zeros, torch.tensor([[0, 0, 1]]), VALID, background=False)) == [2] * 4


def test_padding_is_left_out() -> None:
    valid = torch.tensor([[[True, False, True, False]]])
    assert seen(cam_labels(CAM, TAGS, valid, background=True, bkg=0.5)) == [1, 255, 0, 255]


def test_thresholds_are_needed() -> None:
    with pytest.raises(UsageError, match="threshold"):
        cam_labels(CAM, TAGS, VALID, background=True, high=HIGH)


def test_regions_of_interest() -> None:
    assert seen(roi_map(CAM, TAGS, HIGH, LOW)) == [2, 2, 0, 0]
    assert seen(roi_map(CAM, TAGS, 0.95, 0.1)) == [1, 1, 1, 0]


def test_tokens_are_left_out_by_what_they_cover_or_as_published() -> None:
    cam = torch.ones(1, 1, 8, 8)
    valid = torch.ones(1, 8, 8, dtype=torch.bool)
    valid[:, :, :3] = False
    tags = torch.ones(1, 1)
    ours, shown = token_labels(cam, tags, valid, (2, 2), background=True, high=HIGH, low=LOW)
    assert shown.tolist() == [[[False, True], [False, True]]]
    assert ours.tolist() == [[[255, 1], [255, 1]]]
    published, shown = token_labels(cam, tags, valid, (2, 2), background=True, high=HIGH, low=LOW, official=True)
    assert not shown.any()
    assert published.tolist() == [[[255, 255], [255, 255]]]


def scene() -> tuple[Tensor, Tensor, Tensor]:
    """Two images of a bright square on the dark, whose map is off by two rows."""
    picture = torch.full((2, 3, 40, 40), 0.1)
    picture[:, :, 10:30, 10:30] = 0.9
    cam = torch.full((2, 3, 40, 40), 0.02)
    cam[:, 1, 8:28, 10:30] = 1.0
    cam[:, 0] = 1.0  # of a class that is not there
    return picture, cam, torch.tensor([[0, 1, 0], [0, 1, 1]])


def test_pseudo_labels_follow_the_colours() -> None:
    picture, cam, tags = scene()
    valid = torch.ones(2, 40, 40, dtype=torch.bool)
    valid[:, 38:] = False
    for official in (False, True):
        found = refined_labels(picture, cam, tags, valid, background=True, high=HIGH, low=LOW, official=official)
        assert (found[:, 14:26, 14:26] == 2).all()
        assert (found[:, 28, 14:26] == 2).all()
        assert (found[:, :6, :] == 0).all()
        assert (found[:, 38:] == 255).all()
        assert set(found.unique().tolist()) <= {0, 2, 255}


def test_pseudo_labels_without_a_background_are_turned_down() -> None:
    picture, cam, tags = scene()
    found = refined_labels(picture, cam, tags, None, background=False, high=HIGH, low=LOW)
    assert (found[:, 14:26, 14:26] == 1).all()
    assert (found[:, :6] == 255).all()


def test_images_do_not_depend_on_those_beside_them() -> None:
    picture, cam, tags = scene()
    both = refined_labels(picture, cam, tags, None, background=True, high=HIGH, low=LOW)
    alone = [
        refined_labels(picture[[i]], cam[[i]], tags[[i]], None, background=True, high=HIGH, low=LOW) for i in (0, 1)
    ]
    assert torch.equal(both, torch.cat(alone))


def test_an_image_without_a_tag_is_background_or_nothing() -> None:
    picture, cam, _ = scene()
    none = torch.zeros(2, 3)
    assert (refined_labels(picture, cam, none, None, background=True, high=HIGH, low=LOW) == 0).all()
    assert (refined_labels(picture, cam, none, None, background=False, high=HIGH, low=LOW) == 255).all()
    assert (refined_scores(picture, cam, none, background=False) == 0).all()


def test_scores_of_all_classes_with_one_background() -> None:
    picture, cam, tags = scene()
    with_ground = refined_scores(picture, cam, tags, background=True, bkg=0.5)
    assert with_ground.shape == (2, 4, 40, 40)
    assert (with_ground[:, 1] == 0).all() and (with_ground[0, 3] == 0).all() and (with_ground[1, 3] > 0).all()
    winner = with_ground.argmax(1)
    assert (winner[:, 14:26, 14:26] == 2).all() and (winner[:, :6] == 0).all()
    without = refined_scores(picture, cam, tags, background=False)
    assert without.shape == (2, 3, 40, 40)
    assert set(without.argmax(1)[0].unique().tolist()) == {1}
    with pytest.raises(UsageError, match="background"):
        refined_scores(picture, cam, tags, background=True)


def test_odd_sizes_and_autocast() -> None:
    picture, cam, tags = scene()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = refined_labels(
            picture[..., :33, :1], cam[..., :33, :1], tags, None, background=True, high=HIGH, low=LOW
        )
    assert found.shape == (2, 33, 1)
