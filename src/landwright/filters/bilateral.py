"""Place and colour as positions of pixels, between which a lattice filters."""

from __future__ import annotations

import torch
from torch import Tensor


def spatial_features(height: int, width: int, sigma: float, device: torch.device) -> Tensor:
    """Return the places of pixels, row by row.

    Args:
        height: Of the image in pixels.
        width: Of the image in pixels.
        sigma: Standard deviation in pixels.
        device: Where.

    Returns:
        (H W, 2): x and y.
    """
    y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    return torch.stack([x, y], -1).flatten(0, 1).float() / sigma


def bilateral_features(image: Tensor, sigma_xy: float, sigma_rgb: float) -> Tensor:
    """Return the places and colours of pixels, row by row.

    Args:
        image: (C, H, W) of values from 0 to 255.
        sigma_xy: Standard deviation of places in pixels.
        sigma_rgb: Standard deviation of values.

    Returns:
        (H W, 2 + C): x, y and the values.
    """
    colours = image.float().flatten(1).T / sigma_rgb
    return torch.cat([spatial_features(image.shape[1], image.shape[2], sigma_xy, image.device), colours], 1)
