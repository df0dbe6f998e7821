from __future__ import annotations

import pytest
import torch
from torch import Tensor

from landwright.engine.augment import SCALES, Augmentation, augmented


@pytest.mark.parametrize(("augmentation", "passes"), [("none", 1), ("flip", 4), ("d4", 8)])
def test_views_are_all_different_and_turned_back(augmentation: Augmentation, passes: int) -> None:
    image = torch.rand(2, 3, 6, 6)
    seen: list[Tensor] = []

    def network(view: Tensor) -> Tensor:
        seen.append(view)
        return view[:, :2]

    torch.testing.assert_close(augmented(network, image, augmentation), image[:, :2])
    assert len(seen) == passes
    assert len({tuple(view.flatten().tolist()) for view in seen}) == passes


@pytest.mark.parametrize("augmentation", ["none", "flip", "d4"])
def test_the_mean_has_the_symmetry(augmentation: Augmentation) -> None:
    """A network that looks to one side is evened out."""
    image = torch.zeros(1, 1, 5, 5)
    image[..., 2, 2] = 1.0
    spread = augmented(lambda view: view.roll(1, 3), image, augmentation)[0, 0]
    hits = {"none": {(2, 3)}, "flip": {(2, 3), (2, 1)}, "d4": {(2, 3), (2, 1), (1, 2), (3, 2)}}[augmentation]
    assert {tuple(place) for place in spread.nonzero().tolist()} == hits
    assert spread.sum() == 1


@pytest.mark.parametrize(("augmentation", "passes"), [("scale", 3), ("flip-scale", 12)])
def test_scales_are_seen_and_brought_back(augmentation: Augmentation, passes: int) -> None:
    sides: list[int] = []

    def network(view: Tensor) -> Tensor:
        sides.append(view.shape[-1])
        return view[:, :2]

    ramp = torch.linspace(0, 1, 32).expand(1, 3, 32, 32).contiguous()
    found = augmented(network, ramp, augmentation)
    assert len(sides) == passes
    assert sorted(set(sides)) == sorted(round(32 * factor) for factor in SCALES)
    torch.testing.assert_close(found[..., 2:-2], ramp[:, :2, :, 2:-2], atol=1e-3, rtol=0)


def test_a_zoomed_network_sees_more_or_fewer_pixels_of_the_same_image() -> None:
    seen: list[Tensor] = []

    def network(view: Tensor) -> Tensor:
        seen.append(view)
        return view

    images = torch.linspace(0, 1, 32).expand(1, 1, 32, 32).contiguous()
    for zoom, side in ((0.25, 8), (2.0, 64)):
        found = augmented(network, images, "none", zoom=zoom)
        assert seen.pop().shape == (1, 1, side, side)
        torch.testing.assert_close(found[..., 6:-6], images[..., 6:-6], atol=1e-3, rtol=0)
