"""Cosines of dense features and queries, also of enlarged features without making them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SMALLEST = 1e-12


def cosines(features: Tensor, queries: Tensor) -> Tensor:
    """Compare features with queries.

    Args:
        features: (B, D, ...).
        queries: (Q, D), rows of length 1.

    Returns:
        (B, Q, ...) in -1..1.
    """
    return torch.einsum("bd...,qd->bq...", F.normalize(features, dim=1), queries)


def enlarged_cosines(features: Tensor, queries: Tensor, size: tuple[int, int]) -> Tensor:
    """Compare bilinearly enlarged features with queries.

    Products with queries are enlarged instead, which is the same, and lengths follow from the features between which
    a pixel lies: no map of D channels is made at the large size.

    Args:
        features: (B, D, h, w), not normalised.
        queries: (Q, D), rows of length 1.
        size: Height and width wanted.

    Returns:
        (B, Q, *size), equal within rounding to the cosines of ``interpolate(features, size, mode="bilinear")``.
    """
    products = F.interpolate(torch.einsum("bd...,qd->bq...", features, queries), size, mode="bilinear")
    return products / _enlarged_lengths(features, size)[:, None].clamp(min=_SMALLEST)


def _enlarged_lengths(features: Tensor, size: tuple[int, int]) -> Tensor:
    rows, (height, width) = features.shape[2], size
    wide = F.interpolate(features, (rows, width), mode="bilinear")
    below = torch.cat((wide[:, :, 1:], wide[:, :, -1:]), dim=2)
    squares, beside = wide.square().sum(dim=1), (wide * below).sum(dim=1)
    place = (torch.arange(height, device=features.device, dtype=torch.float32) + 0.5) * (rows / height) - 0.5
    place = place.clamp(0, rows - 1)
    upper = place.long()
    part = (place - upper)[:, None]
    lower = (upper + 1).clamp(max=rows - 1)
    mixed = (1 - part) ** 2 * squares[:, upper] + 2 * part * (1 - part) * beside[:, upper]
    return (mixed + part**2 * squares[:, lower]).clamp(min=0).sqrt()
