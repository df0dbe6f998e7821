"""A small encoder with a class token that learns from tags from scratch: a convolutional stem and a few blocks.

Ours, for CPU and tests.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from timm.layers import LayerNorm, trunc_normal_
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from landwright.networks.ctfa.blocks import AuxBlock, Encoded, default_block, run_blocks
from landwright.networks.layers.compact import GROUPS
from landwright.networks.layers.patchvit import fit_by_size

POSITION_STD = 0.02


class CompactEncoder(nn.Module):
    """Overlapping convolutions to stride 8, and blocks with learnt positions.

    Args:
        bands: Number of input bands.
        stem: Channels at half and at a quarter of the image's size.
        dim: Channels of a token.
        depth: Number of blocks.
        heads: Attention heads per block.
        mlp_ratio: Hidden channels of the perceptrons per channel of a token.
        grid: Side of the position table in tokens; it is fitted to others.
    """

    def __init__(
        self, bands: int, stem: tuple[int, int], dim: int, depth: int, heads: int, mlp_ratio: float, grid: int
    ) -> None:
        """Build the encoder with random weights."""
        super().__init__()
        self.grid = grid
        channels = (bands, *stem, dim)
        self.stem = nn.Sequential(*(_halve(fine, coarse) for fine, coarse in pairwise(channels)))
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + grid**2, dim))
        for table in (self.cls_token, self.pos_embed):
            trunc_normal_(table, std=POSITION_STD)
        self.blocks = nn.ModuleList(
            Block(dim, heads, mlp_ratio, qkv_bias=True, norm_layer=LayerNorm) for _ in range(depth)
        )
        self.norm = LayerNorm(dim)

    def forward(self, image: Tensor, block: AuxBlock | None = None) -> Encoded:
        """Encode normalised images.

        Args:
            image: (B, bands, H, W); H and W are multiples of 8.
            block: The auxiliary block; by default the third from the end.

        Returns:
            Class token, and maps of H / 8 x W / 8 patches; the last are the network's ``tokens``.
        """
        patches = self.stem(image)
        grid = (patches.shape[2], patches.shape[3])
        first = self.cls_token.expand(image.shape[0], -1, -1)
        tokens = torch.cat((first, patches.flatten(2).transpose(1, 2)), dim=1)
        tokens = tokens + fit_by_size(self.pos_embed[0], (self.grid, self.grid), grid)
        choice = default_block(len(self.blocks)) if block is None else block
        return run_blocks(list(self.blocks), self.norm, tokens, grid, choice)


def _halve(in_channels: int, out_channels: int) -> nn.Sequential:
    # Group normalisation: batches of one image need no running statistics.
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False),
        nn.GroupNorm(GROUPS, out_channels),
        nn.GELU(),
    )
