"""Padding to a network's stride and cropping back."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until height and width are multiples of ``multiple``.

    Repeating the edge works for any size, also where mirroring would need more pixels than there are.

    Args:
        image: (B, C, H, W).
        multiple: Stride in pixels.

    Returns:
        (B, C, H', W') with H' >= H and W' >= W; the image itself if nothing is missing.
    """
    height, width = image.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return F.pad(image, (0, right, 0, below), mode="replicate") if below or right else image
