"""The transformer branch: timm's SwinV2 weights, run for whatever size the image has.

A published SwinV2 is built for one image size: a stage whose map is no larger than the window uses one window of the
map's shorter side and no shift. Here windows, masks and position tables follow from the size of each input instead,
by the same rule, so that any input gives what a network built for that size gives, and the module keeps no state
that depends on the last image.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from timm.models.swin_transformer_v2 import SwinTransformerV2, window_partition, window_reverse
from torch import Tensor, nn

BIAS_RANGE = 16.0
MASKED = -100.0
LARGEST_LOGIT_SCALE = math.log(100.0)


def window_rule(height: int, width: int, window: int) -> tuple[int, int]:
    """Return window side and shift for a stage's map, as the published network chooses them when it is built.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        window: Side of a full window.

    Returns:
        Window side and shift of every second block, in map pixels.
    """
    side = min(height, width, window)
    return side, side // 2 if min(height, width) > window else 0


def position_tables(window: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the log-spaced relative coordinates of a window and the pair of pixels that each one serves.

    Args:
        window: Window side.
        device: Where to make them.
        dtype: Floating type.

    Returns:
        Coordinates ((2 window - 1)^2, 2) and index (window^2, window^2) into them.
    """
    span = torch.arange(1 - window, window, device=device, dtype=torch.float32) * (8 / max(window - 1, 1))
    span = torch.sign(span) * torch.log2(span.abs() + 1.0) / 3.0
    table = torch.stack(torch.meshgrid(span, span, indexing="ij"), dim=-1).flatten(0, 1).to(dtype)
    line = torch.arange(window, device=device)
    distance = line[:, None] - line[None, :] + window - 1
    index = distance[:, None, :, None] * (2 * window - 1) + distance[None, :, None, :]
    return table, index.flatten(2).flatten(0, 1)


def shift_mask(height: int, width: int, window: int, shift: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return what keeps pixels apart that only the cyclic shift brought into one window.

    Args:
        height: Rows of the padded map, a multiple of the window.
        width: Columns of the padded map, a multiple of the window.
        window: Window side.
        shift: Shift, > 0.
        device: Where to make it.
        dtype: Floating type.

    Returns:
        (windows, 1, window^2, window^2): 0 inside a region, -100 across.
    """
    rows, columns = (torch.arange(size, device=device) for size in (height, width))
    row_part = (rows >= height - window).long() + (rows >= height - shift).long()
    column_part = (columns >= width - window).long() + (columns >= width - shift).long()
    regions = (3 * row_part[:, None] + column_part)[None, :, :, None]
    flat = window_partition(regions, (window, window)).flatten(1)
    apart = (flat[:, :, None] != flat[:, None, :])[:, None]
    return torch.zeros(apart.shape, device=device, dtype=dtype).masked_fill(apart, MASKED)


class SwinBranch(nn.Module):
    """SwinV2 without its last norm and head, tapped at strides 4, 8, 16 and 32.

    Parameter names are timm's own, so that timm's weights load.

    Args:
        bands: Number of input bands.
        taps: Which tokens leave: ``released`` (the input of stages 1 to 3 and the output of stage 4), ``legacy``
            (the input of every stage; the blocks of stage 4 do not exist) or ``figure`` (the output of every stage).
        embed_dim: Channels of stage 1; doubled from stage to stage.
        depths: Blocks per stage.
        num_heads: Attention heads per stage.
        window: Window side in tokens.
        drop_path_rate: Stochastic depth of the last block; linear from 0 at the first.
    """

    def __init__(
        self,
        bands: int,
        taps: str,
        *,
        embed_dim: int,
        depths: tuple[int, ...],
        num_heads: tuple[int, ...],
        window: int = 8,
        drop_path_rate: float = 0.2,
    ) -> None:
        """Build timm's network and keep the used part."""
        super().__init__()
        whole = SwinTransformerV2(
            img_size=32 * window,
            in_chans=bands,
            num_classes=0,
            embed_dim=embed_dim,
            depths=depths,
            num_heads=num_heads,
            window_size=window,
            drop_path_rate=drop_path_rate,
        )
        self.patch_embed: Any = whole.patch_embed
        self.patch_embed.strict_img_size = False
        self.layers: Any = whole.layers
        self.taps = taps
        self.window = window
        if taps == "legacy":
            self.layers[-1].blocks = nn.ModuleList()

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return four maps of (B, bands, H, W), channels first; H and W must be multiples of 32."""
        tokens: Tensor = self.patch_embed(image)
        before, after = [], []
        for stage in self.layers:
            tokens = stage.downsample(tokens)
            before.append(tokens)
            tokens = self._stage(stage.blocks, tokens)
            after.append(tokens)
        chosen = {"released": [*before[:3], after[3]], "legacy": before, "figure": after}[self.taps]
        return tuple(tap.permute(0, 3, 1, 2).contiguous() for tap in chosen)

    def _stage(self, blocks: nn.ModuleList, tokens: Tensor) -> Tensor:
        """Run the blocks of one stage on (B, H, W, C); what depends on the size alone is made once for all."""
        if not blocks:
            return tokens
        height, width = tokens.shape[1:3]
        window, shift = window_rule(height, width, self.window)
        tables = position_tables(window, tokens.device, tokens.dtype)
        mask = None
        if shift and len(blocks) > 1:
            padded = height + -height % window, width + -width % window
            mask = shift_mask(*padded, window, shift, tokens.device, tokens.dtype)
        block: Any
        for index, block in enumerate(blocks):
            shifted = bool(shift) and index % 2 == 1
            mixed = _attend(block.attn, tokens, window, shift if shifted else 0, tables, mask if shifted else None)
            tokens = tokens + block.drop_path1(block.norm1(mixed))
            tokens = tokens + block.drop_path2(block.norm2(block.mlp(tokens)))
        return tokens


def _attend(
    attn: Any, tokens: Tensor, window: int, shift: int, tables: tuple[Tensor, Tensor], mask: Tensor | None
) -> Tensor:
    """Scaled cosine attention in windows of (B, H, W, C), with continuous position bias."""
    height, width, channels = tokens.shape[1:]
    if shift:
        tokens = torch.roll(tokens, (-shift, -shift), (1, 2))
    tokens = F.pad(tokens, (0, 0, 0, -width % window, 0, -height % window))
    padded = tokens.shape[1], tokens.shape[2]
    inside = window_partition(tokens, (window, window)).flatten(1, 2)
    heads = attn.num_heads
    bias = torch.cat((attn.q_bias, torch.zeros_like(attn.q_bias), attn.v_bias))
    qkv = F.linear(inside, attn.qkv.weight, bias)
    query, key, value = qkv.view(*qkv.shape[:2], 3, heads, channels // heads).permute(2, 0, 3, 1, 4).unbind(0)
    scale = attn.logit_scale.clamp(max=LARGEST_LOGIT_SCALE).exp()
    logits = (F.normalize(query, dim=-1) * scale) @ F.normalize(key, dim=-1).transpose(-2, -1)
    table, index = tables
    position = BIAS_RANGE * torch.sigmoid(attn.cpb_mlp(table)[index].permute(2, 0, 1))
    if mask is None:
        logits = logits + position
    else:
        logits = (logits.view(-1, mask.shape[0], *logits.shape[1:]) + (position + mask)).flatten(0, 1)
    mixed = attn.proj((logits.softmax(-1) @ value).transpose(1, 2).flatten(2))
    out: Tensor = window_reverse(mixed.view(-1, window, window, channels), (window, window), padded)
    out = out[:, :height, :width]
    return torch.roll(out, (shift, shift), (1, 2)) if shift else out
