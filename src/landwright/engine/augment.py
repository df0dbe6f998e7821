"""Test-time augmentation: the mean over mirrored and turned copies of a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

Augmentation = Literal["none", "flip", "d4"]
AUGMENTATIONS: tuple[str, ...] = get_args(Augmentation)

_VIEWS: dict[str, tuple[tuple[int, bool], ...]] = {
    # A half turn of a mirrored window is the window mirrored the other way.
    "flip": ((0, False), (0, True), (2, False), (2, True)),
    "d4": tuple((turns, mirrored) for mirrored in (False, True) for turns in range(4)),
}


def augmented(
    function: Callable[[Tensor], Tensor],
    images: Tensor,
    augmentation: Augmentation,
    spread: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Average a function over the symmetries of the square.

    Args:
        function: Turns images (B, C, t, t) into scores (B, K, t, t).
        images: (B, C, t, t).
        augmentation: ``none``; ``flip``: the image and its three mirrorings (4 passes); ``d4``: quarter turns and
            their mirrorings (8 passes).
        spread: Takes from scores (B, K, t, t) a quantity (B, 1, t, t) whose variance over the views is wanted, or None.

    Returns:
        (B, K, t, t) mean of the scores, each turned back, and with ``spread`` the variance as one channel more.
    """
    if augmentation == "none":
        return function(images)
    first, *others = _VIEWS[augmentation]
    total = _seen(function, images, *first)
    quantities = [spread(total)] if spread else []
    for quarter, mirrored in others:
        scores = _seen(function, images, quarter, mirrored)
        if spread:
            quantities.append(spread(scores))
        total = total + scores
    mean = total / (1 + len(others))
    if not spread:
        return mean
    # Of the differences from the mean: a difference of mean squares would drown small spreads of large heights.
    return torch.cat([mean, torch.stack(quantities).var(dim=0, correction=0)], dim=1)


def _seen(function: Callable[[Tensor], Tensor], images: Tensor, quarter: int, mirrored: bool) -> Tensor:
    view = images.flip(3) if mirrored else images
    scores = torch.rot90(function(torch.rot90(view, quarter, (2, 3))), -quarter, (2, 3))
    return scores.flip(3) if mirrored else scores
