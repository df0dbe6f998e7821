"""A plain vision transformer on a grid of tokens of any shape, of timm's blocks and in timm's names."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from timm.layers import LayerNorm
from timm.models.vision_transformer import Block, init_weights_vit_timm
from torch import Tensor, nn

POSITION_STD = 0.02


class TokenTransformer(nn.Module):
    """Position table, pre-norm blocks and a last norm; no class token.

    Args:
        dim: Channels of a token.
        depth: Number of blocks.
        heads: Attention heads per block.
        grid: Side of the square position table in tokens.
        drop_rate: Dropout after the position and inside the MLPs; none on the attention or its projection.
    """

    def __init__(self, dim: int, depth: int, heads: int, grid: int, drop_rate: float) -> None:
        """Make the table and the blocks, drawn as timm draws them."""
        super().__init__()
        self.grid = grid
        self.pos_embed = nn.Parameter(torch.empty(1, grid * grid, dim))
        nn.init.trunc_normal_(self.pos_embed, std=POSITION_STD)
        self.pos_drop = nn.Dropout(drop_rate)
        self.blocks = nn.Sequential(*(_block(dim, heads, drop_rate) for _ in range(depth)))
        self.norm = LayerNorm(dim)

    def forward(self, patches: Tensor) -> Tensor:
        """Map (B, dim, h, w), one pixel per token, to the same shape."""
        height, width = patches.shape[-2:]
        tokens = patches.flatten(2).transpose(1, 2) + resize_positions(self.pos_embed, (height, width))
        encoded: Tensor = self.norm(self.blocks(self.pos_drop(tokens)))
        return encoded.transpose(1, 2).reshape(patches.shape)


def _block(dim: int, heads: int, drop_rate: float) -> nn.Module:
    block: Any = Block(dim, heads, qkv_bias=True, proj_drop=drop_rate, norm_layer=LayerNorm)
    block.attn.proj_drop = nn.Identity()  # timm drops here too, the published network does not
    block.apply(init_weights_vit_timm)
    return cast(nn.Module, block)


def resize_positions(table: Tensor, grid: tuple[int, int]) -> Tensor:
    """Fit a square position table to another grid of tokens.

    Bilinear with corners aligned, which is what the published loader does (a linear ``scipy.ndimage.zoom``); timm's
    own rule is bicubic and gives other numbers.

    Args:
        table: (1, side^2, dim), row by row.
        grid: Rows and columns wanted.

    Returns:
        (1, rows * columns, dim); the table itself where the grid is the same.
    """
    side = round(table.shape[1] ** 0.5)
    if grid == (side, side):
        return table
    square = table.transpose(1, 2).reshape(1, -1, side, side)
    return F.interpolate(square, size=grid, mode="bilinear", align_corners=True).flatten(2).transpose(1, 2)
