from __future__ import annotations

import pytest
import torch
from torch import Tensor

from landwright.engine.augment import AUGMENTATIONS, Augmentation, augmented


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


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_the_mean_has_the_symmetry(augmentation: Augmentation) -> None:
    """A network that looks to one side is evened out."""
    image = torch.zeros(1, 1, 5, 5)
    image[..., 2, 2] = 1.0
    spread = augmented(lambda view: view.roll(1, 3), image, augmentation)[0, 0]
    hits = {"none": {(2, 3)}, "flip": {(2, 3), (2, 1)}, "d4": {(2, 3), (2, 1), (1, 2), (3, 2)}}[augmentation]
    assert {tuple(place) for place in spread.nonzero().tolist()} == hits
    assert spread.sum() == 1
