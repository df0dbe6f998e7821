"""A small encoder with four taps that learns from scratch: a convolutional stem and four transformer blocks.

Ours, for CPU and tests. It has no position table, so that it does on large windows what it learned on small tiles: a
depthwise convolution tells tokens where they are (Chu et al., "Conditional Positional Encodings for Vision
Transformers", ICLR 2023, arXiv 2102.10882).
"""

from __future__ import annotations

from timm.layers import LayerNorm
from timm.models.vision_transformer import Block
from torch import Tensor, nn

STRIDE = 8
"""Pixels per token and axis."""
STEM = (32, 64)
DIM = 128
HEADS = 4
GROUPS = 8


class CompactEncoder(nn.Module):
    """Stem to stride 8 and four blocks.

    Args:
        bands: Number of input bands.
    """

    def __init__(self, bands: int) -> None:
        """Build the encoder with random weights."""
        super().__init__()
        half, quarter = STEM
        self.stem = nn.Sequential(_down(bands, half), _down(half, quarter), _conv(quarter, quarter))
        self.embed = _down(quarter, DIM)
        self.position = nn.Conv2d(DIM, DIM, 3, padding=1, groups=DIM)
        self.blocks = nn.ModuleList(Block(DIM, HEADS, qkv_bias=True, norm_layer=LayerNorm) for _ in range(4))
        self.norm = LayerNorm(DIM)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode normalised images.

        Args:
            image: (B, bands, H, W); H and W are multiples of 8.

        Returns:
            The stem's map (B, 64, H / 4, W / 4), then the tokens after the second, third and fourth block, passed
            through the last norm, as (B, 128, H / 8, W / 8).
        """
        fine = self.stem(image)
        patches = self.embed(fine)
        patches = patches + self.position(patches)
        taps = [fine]
        tokens = patches.flatten(2).transpose(1, 2)
        for number, block in enumerate(self.blocks):
            tokens = block(tokens)
            if number:
                taps.append(self.norm(tokens).transpose(1, 2).reshape(patches.shape))
        return tuple(taps)


def _down(in_channels: int, out_channels: int) -> nn.Sequential:
    return _conv(in_channels, out_channels, stride=2)


def _conv(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    # Group normalisation: batches of one image, and a teacher's average of weights, need no running statistics.
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(GROUPS, out_channels),
        nn.GELU(),
    )
