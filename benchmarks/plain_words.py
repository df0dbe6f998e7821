"""A map from words, computed plainly as its description reads: the yardstick of `words_speed.py`.

Same weights and same outputs as `landwright.networks.clip`, other arithmetic: one window after another, attention with
explicit matrices in float32, one word after another with all 80 prompts at the full context length, nothing kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor

CROP, STRIDE, SCALE = 224, 112, 50.0


def text_features(clip: Any, words: Sequence[str], tokenizer: Any) -> Tensor:
    """Average the 80 prompts of every word: unit rows (Q, D)."""
    rows = []
    for word in words:
        ids = tokenizer([template(word) for template in open_clip.OPENAI_IMAGENET_TEMPLATES])
        prompts = F.normalize(clip.encode_text(ids), dim=-1)
        rows.append(F.normalize(prompts.mean(dim=0), dim=-1))
    return torch.stack(rows)


def attention(block: Any, tokens: Tensor) -> Tensor:
    """Attend with the sum of the three self-correlations (SegEarth-OV) and project."""
    layer = block.attn
    batch, length, channels = tokens.shape
    packed = F.linear(tokens, layer.in_proj_weight, layer.in_proj_bias)
    parts = packed.chunk(3, dim=-1)
    query, key, value = (
        part.reshape(batch, length, layer.num_heads, -1).transpose(1, 2).reshape(batch * layer.num_heads, length, -1)
        for part in parts
    )
    scale = query.shape[-1] ** -0.5
    weights = sum(torch.softmax(scale * torch.bmm(part, part.transpose(1, 2)), dim=-1) for part in (query, key, value))
    mixed = torch.bmm(weights, value).reshape(batch, layer.num_heads, length, -1)
    return layer.out_proj(mixed.transpose(1, 2).reshape(batch, length, channels))


def window(clip: Any, image: Tensor, queries: Tensor) -> Tensor:
    """Score one window (1, 3, 224, 224): (1, Q, 224, 224)."""
    visual = clip.visual
    tokens = visual.conv1(image).flatten(2).transpose(1, 2)
    tokens = torch.cat([visual.class_embedding.expand(1, 1, -1), tokens], dim=1) + visual.positional_embedding
    tokens = visual.ln_pre(tokens)
    *blocks, last = visual.transformer.resblocks
    for block in blocks:
        tokens = block(tokens)
    tokens = visual.ln_post(attention(last, last.ln_1(tokens))) @ visual.proj
    scores = F.normalize(tokens[:, 1:], dim=-1) @ queries.T
    grid = image.shape[-1] // visual.patch_size[0]
    maps = scores.transpose(1, 2).reshape(1, -1, grid, grid)
    return F.interpolate(maps, image.shape[-2:], mode="bilinear")


def starts(side: int) -> Iterator[int]:
    for number in range(max(side - CROP + STRIDE - 1, 0) // STRIDE + 1):
        yield max(min(number * STRIDE + CROP, side) - CROP, 0)


def segment(clip: Any, image: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
    """Slide over an image (1, 3, H, W): similarities (Q, H, W) and the winning query (H, W)."""
    height, width = image.shape[-2:]
    sums, counts = torch.zeros(1, len(queries), height, width), torch.zeros(1, 1, height, width)
    for y in starts(height):
        for x in starts(width):
            part = (..., slice(y, y + CROP), slice(x, x + CROP))
            sums[part] += window(clip, image[part], queries)
            counts[part] += 1
    scores = (sums / counts)[0]
    return scores, torch.softmax(SCALE * scores, dim=0).argmax(dim=0)
