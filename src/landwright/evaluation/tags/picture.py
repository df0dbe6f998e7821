"""Colours of normalised images, which class activation maps are made to follow."""

from __future__ import annotations

from torch import Tensor

from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD

_COLOURS = 3


def picture(image: Tensor) -> Tensor:
    """Turn normalised images into colours, which filters compare.

    ImageNet's scaling is undone, whatever the scaling was, so that other values come to lie in the same range. The
    first three bands count; images of fewer have the first one three times.

    Args:
        image: Normalised (B, C, H, W).

    Returns:
        Float32 (B, 3, H, W) in 0..1.
    """
    colours = image[:, :_COLOURS] if image.shape[1] >= _COLOURS else image[:, :1].expand(-1, _COLOURS, -1, -1)
    mean, std = (colours.new_tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (colours.float() * std + mean).clamp(0, 1)
