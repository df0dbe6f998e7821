"""GEM: self-self attention over several blocks, beside the ordinary ones.

Bousselham et al., "Grounding Everything: Emerging Localization Properties in Vision-Language Transformers", CVPR 2024,
arXiv 2312.00878; as SegEarth-OV runs it: the last six blocks, one iteration, temperature from the tokens.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from landwright.networks.clip.encoder import DenseEncoder

BLOCKS = 6
"""Number of last blocks with a second stream."""


def gem_tokens(encoder: DenseEncoder, image: Tensor, *, residual: bool = False) -> Tensor:
    """Return the tokens that GEM's second stream ends with.

    Args:
        encoder: Its ``antialias`` decides on the position table; GEM takes True.
        image: Normalised images (B, bands, H, W); H and W are multiples of the encoder's patch.
        residual: Add what every block's attention gives to the tokens that entered the first of these blocks, instead
            of taking what the last one gives.

    Returns:
        (B, prefix + P, C), for the encoder's ``joint``.
    """
    first = max(encoder.depth - BLOCKS, 0)
    tokens = encoder.tokens(image, before=first)
    stream = tokens
    for index in range(first, encoder.depth):
        # Without the sum only the last block's attention counts.
        if residual or index == encoder.depth - 1:
            attended = _self_self(encoder, tokens, index)
            stream = stream + attended if residual else attended
        if index < encoder.depth - 1:
            tokens = encoder.block(tokens, index)
    return stream


def _self_self(encoder: DenseEncoder, tokens: Tensor, index: int) -> Tensor:
    normed = encoder.normed(tokens, index)
    query, key, value = encoder.qkv(normed, index)
    lengths = normed.float().norm(dim=-1).mean(dim=-1)
    temperature = (lengths * query.shape[-1] ** -0.5)[:, None, None, None].to(query.dtype)
    mixed = [_sharpen(part, value, temperature) for part in (value, key, query)]
    return encoder.project((mixed[0] + mixed[1] + mixed[2]) / len(mixed), index)


def _sharpen(vectors: Tensor, value: Tensor, temperature: Tensor) -> Tensor:
    """Let vectors gather around one another once, then mix the values by how alike they are."""
    unit = F.normalize(vectors, dim=-1)
    unit = F.normalize(F.scaled_dot_product_attention(unit * temperature, unit, unit, scale=1.0), dim=-1)
    return F.scaled_dot_product_attention(unit * temperature, unit, value, scale=1.0)
