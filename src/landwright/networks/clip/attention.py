"""What a dense map reads instead of the last block's attention: who looks at whom without any training.

MaskCLIP (Zhou et al., ECCV 2022), SCLIP (Wang et al., ECCV 2024), ClearCLIP (Lan et al., ECCV 2024), NACLIP (Hajimiri
et al., WACV 2025; also its ablations N-Only and GAV), SegEarth-OV (Li et al., CVPR 2025, arXiv 2410.01768).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURHOOD = ("naclip", "nonly", "gav")
"""Those that weigh patches by their distance."""
PURE = ("vanilla", "maskclip", "sclip", "clearclip", "segearth", "naclip", "nonly", "gav")
"""Attentions that need nothing but the last block's queries, keys and values."""


def attend(
    name: str,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    grid: tuple[int, int],
    prefix: int,
    *,
    sigma: float = 1.0,
) -> Tensor:
    """Mix the values of the last block.

    Args:
        name: One of :data:`PURE`. Sums of several softmaxes (``sclip``, ``segearth``) are not divided, as published.
        query: (B, heads, L, d) with L = prefix + rows * columns.
        key: The same shape.
        value: The same shape.
        grid: Rows and columns of patches.
        prefix: Number of leading tokens that are no patches. They look and are looked at like patches, except that
            no neighbourhood reaches them.
        sigma: Width of the neighbourhood of ``naclip``, ``nonly`` and ``gav`` in patches. RS-OVSS and SegEarth-OV take
            1, NACLIP's own paper 5.

    Returns:
        (B, heads, L, d).
    """
    if name == "maskclip":
        return value
    if name in NEIGHBOURHOOD:
        near = neighbourhood(grid, prefix, sigma, query.device)
        if name == "naclip":
            return F.scaled_dot_product_attention(key, key, value, attn_mask=near.to(key.dtype))
        # A query looks at its neighbours as strongly as the lengths of both vectors allow.
        reach = near * (_lengths(query) * query.shape[-1] ** -0.5)[..., :, None] * _lengths(key)[..., None, :]
        if name == "nonly":
            weights: Tensor = reach.softmax(dim=-1).to(value.dtype)
            return weights @ value
        return F.scaled_dot_product_attention(query, key, value, attn_mask=reach.to(query.dtype))
    pairs = {
        "vanilla": ((query, key),),
        "clearclip": ((query, query),),
        "sclip": ((query, query), (key, key)),
        "segearth": ((query, query), (key, key), (value, value)),
    }[name]
    first, *others = pairs
    mixed = F.scaled_dot_product_attention(*first, value)
    for pair in others:
        mixed = mixed + F.scaled_dot_product_attention(*pair, value)
    return mixed


def neighbourhood(grid: tuple[int, int], prefix: int, sigma: float, device: torch.device) -> Tensor:
    """Return exp(-distance² / 2 sigma²) between patches, and 0 for the tokens that are none.

    Args:
        grid: Rows and columns of patches.
        prefix: Number of leading tokens that are no patches.
        sigma: Standard deviation in patches.
        device: Where to make it.

    Returns:
        Float32 (L, L), L = prefix + rows * columns.
    """
    down, right = (_near(side, sigma, device) for side in grid)
    return F.pad(torch.kron(down, right), (prefix, 0, prefix, 0))


def _near(side: int, sigma: float, device: torch.device) -> Tensor:
    places = torch.arange(side, dtype=torch.float32, device=device)
    return torch.exp(-((places[:, None] - places) ** 2) / (2 * sigma**2))


def _lengths(vectors: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(vectors.float(), dim=-1)
    return lengths
