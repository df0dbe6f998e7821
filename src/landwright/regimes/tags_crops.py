"""Small crops of images where activation maps are not sure, for the contrast of class tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from landwright.filters.labels import UNSURE

LEAST = 0.2
"""A crop whose mean in the region map is at most this shows nothing of what the tags name (ToCo)."""


def local_crops(
    image: Tensor, roi: Tensor, *, count: int, size: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draw crops whose centres lie where the region map is not sure that there is something.

    Where an image has fewer such places than crops, any place will do. Random numbers are those of the image's device.

    Args:
        image: (B, C, H, W).
        roi: Integer (B, H, W) of :func:`landwright.filters.labels.roi_map`.
        count: Crops per image.
        size: Their side in pixels, at most that of the image.
        valid: Bool (B, H, W): pixels that show the image and can be centres. All by default.

    Returns:
        Crops (count * B, C, size, size), the first ones of all images first, and bool (count, B): those that show
        something of what the tags name.
    """
    images, _, height, width = image.shape
    high, wide = height - size + 1, width - size + 1
    half = size // 2

    def centres(plane: Tensor) -> Tensor:
        return plane[:, half : half + high, half : half + wide].flatten(1)

    shown = torch.ones_like(roi, dtype=torch.bool) if valid is None else valid
    shown = centres(shown)
    unsure = centres(roi <= UNSURE) & shown
    # Each rule that leaves too few places gives way to the next.
    places = torch.where(_enough(unsure, count), unsure, torch.where(_enough(shown, count), shown, True))
    few = high * wide < count
    drawn = torch.multinomial(places.float(), count, replacement=few).T  # (count, B)
    reach = torch.arange(size, device=image.device)
    rows = (drawn // wide)[..., None, None] + reach[:, None]
    cols = (drawn % wide)[..., None, None] + reach
    which = torch.arange(images, device=image.device)[:, None, None]
    crops = image.movedim(1, -1)[which, rows, cols].flatten(0, 1).movedim(-1, 1)
    return crops.contiguous(), roi[which, rows, cols].float().mean((2, 3)) > LEAST


def _enough(places: Tensor, count: int) -> Tensor:
    return places.sum(1, keepdim=True) >= count
