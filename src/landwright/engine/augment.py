"""Test-time augmentation: the mean over mirrored, turned and resized copies of a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional

Augmentation = Literal["none", "flip", "d4", "scale", "flip-scale"]
AUGMENTATIONS: tuple[str, ...] = get_args(Augmentation)

SCALES = (1.0, 0.75, 1.5)


class View(NamedTuple):
    """How a window is shown: quarter turns after mirroring, and the factor of its size."""

    turns: int = 0
    mirrored: bool = False
    factor: float = 1.0


# A half turn of a mirrored window is the window mirrored the other way.
_FLIPS = (View(), View(mirrored=True), View(2), View(2, mirrored=True))
_VIEWS: dict[str, tuple[View, ...]] = {
    "none": (View(),),
    "flip": _FLIPS,
    "d4": tuple(View(turns, mirrored) for mirrored in (False, True) for turns in range(4)),
    "scale": tuple(View(factor=factor) for factor in SCALES),
    "flip-scale": tuple(view._replace(factor=factor) for factor in SCALES for view in _FLIPS),
}


def augmented(
    function: Callable[[Tensor], Tensor],
    images: Tensor,
    augmentation: Augmentation,
    spread: Callable[[Tensor], Tensor] | None = None,
    *,
    zoom: float = 1.0,
) -> Tensor:
    """Average a function over the symmetries of the square, over sizes, or both.

    Args:
        function: Turns images (B, C, h, w) into scores (B, K, h, w).
        images: (B, C, H, W).
        augmentation: ``none``; ``flip``: the image and its three mirrorings (4 passes); ``d4``: quarter turns and
            their mirrorings (8 passes); ``scale``: the image, and three quarters and one and a half times its size
            (3 passes); ``flip-scale``: both (12 passes).
        spread: Takes from scores (B, K, H, W) a quantity (B, 1, H, W) whose variance over the views is wanted, or None.
        zoom: Factor of the size that every view is shown at.

    Returns:
        (B, K, H, W) mean of the scores, each turned back, and with ``spread`` the variance as one channel more.
    """
    first, *others = (view._replace(factor=view.factor * zoom) for view in _VIEWS[augmentation])
    total = _seen(function, images, first)
    if not others:
        return total
    quantities = [spread(total)] if spread else []
    for view in others:
        scores = _seen(function, images, view)
        if spread:
            quantities.append(spread(scores))
        total = total + scores
    mean = total / (1 + len(others))
    if not spread:
        return mean
    # Of the differences from the mean: a difference of mean squares would drown small spreads of large heights.
    return torch.cat([mean, torch.stack(quantities).var(dim=0, correction=0)], dim=1)


def _seen(function: Callable[[Tensor], Tensor], images: Tensor, view: View) -> Tensor:
    if view == View():
        return function(images)
    shown = torch.rot90(images.flip(3) if view.mirrored else images, view.turns, (2, 3))
    size = shown.shape[2:]
    scores = _resized(function(_resized(shown, [max(1, round(side * view.factor)) for side in size])), list(size))
    scores = torch.rot90(scores, -view.turns, (2, 3))
    return scores.flip(3) if view.mirrored else scores


def _resized(maps: Tensor, size: list[int]) -> Tensor:
    if list(maps.shape[2:]) == size:
        return maps
    return functional.interpolate(maps, size, mode="bilinear", antialias=True)
