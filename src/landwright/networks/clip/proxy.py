"""Attention that a self-supervised encoder lends: patches look at those that look alike to it.

Lan et al., "ProxyCLIP: Proxy Attention Improves CLIP for Open-Vocabulary Segmentation", ECCV 2024, arXiv 2408.04883,
section 3.3. No stored outputs were at hand: this follows the formula.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BETA = 1.2
GAMMA = 3.0


def proxy_attention(features: Tensor, grid: tuple[int, int], *, beta: float = BETA, gamma: float = GAMMA) -> Tensor:
    """Turn the features of a guide into attention between the patches of another encoder.

    With S the cosines of an image's patches, the attention is softmax((S - beta mean(S)) gamma) over those pairs where
    this is not negative. A patch always looks at itself; in the published form a row may be empty.

    Args:
        features: (B, D, h, w) of the guide. They are brought to ``grid`` bilinearly, where ProxyCLIP brings the values
            to the guide's grid.
        grid: Rows and columns of patches of the other encoder.
        beta: Share of the mean that is taken off.
        gamma: Factor before the softmax.

    Returns:
        Float32 (B, P, P) with rows that sum to 1, P = rows * columns.
    """
    with torch.autocast(features.device.type, enabled=False):
        features = features.float()
        if tuple(features.shape[-2:]) != tuple(grid):
            features = F.interpolate(features, grid, mode="bilinear")
        unit = F.normalize(features.flatten(2), dim=1)
        alike = unit.transpose(1, 2) @ unit
        strength = (alike - beta * alike.mean(dim=(1, 2), keepdim=True)) * gamma
        itself = torch.eye(strength.shape[-1], dtype=torch.bool, device=strength.device)
        return strength.masked_fill((strength < 0) & ~itself, float("-inf")).softmax(dim=-1)


def attend_by_proxy(attention: Tensor, value: Tensor, prefix: int) -> Tensor:
    """Mix the values of patches by an attention without heads; other tokens keep their own values.

    Args:
        attention: (B, P, P), as of :func:`proxy_attention`.
        value: (B, heads, prefix + P, d) of the last block.
        prefix: Number of leading tokens that are no patches.

    Returns:
        (B, heads, prefix + P, d).
    """
    mixed = attention.to(value.dtype)[:, None] @ value[:, :, prefix:]
    return torch.cat((value[:, :, :prefix], mixed), dim=2)
