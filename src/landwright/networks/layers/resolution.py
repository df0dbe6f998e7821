"""The resolution-preserving CNN of L2HNet (Li et al., ISPRS Journal 192, 2022), and its way down to 1/16."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.layers import StdConv2d
from torch import Tensor, nn

KERNELS = (1, 3, 5)
"""Kernel sizes of the parallel convolutions; each has half the channels of the one before."""
BLOCKS = 5
NORM_EPS = 1e-6
STANDARDISE_EPS = 1e-5
"""Added to the variance of a filter; timm's default of 1e-6 is visibly another function."""


class ResolutionBlock(nn.Module):
    """Resolution-preserving (RP) block: parallel 1x1, 3x3 and 5x5 convolutions, joined by a 1x1 one, plus the input.

    Nothing follows the sum: the ReLU comes before it.

    Args:
        width: Channels of input and output, a multiple of 4.
    """

    def __init__(self, width: int) -> None:
        """Make the three branches and what joins them."""
        super().__init__()
        widths = [width // 2**index for index in range(len(KERNELS))]
        self.branches = nn.ModuleList(
            conv_unit(width, out, kernel) for out, kernel in zip(widths, KERNELS, strict=True)
        )
        self.fuse = conv_unit(sum(widths), width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, width, H, W) to the same shape."""
        # One 5x5 convolution with padded kernels would give the same, three times slower at width 64.
        parallel = torch.cat([branch(features) for branch in self.branches], dim=1)
        out: Tensor = self.fuse(parallel) + features
        return out


class ResolutionCNN(nn.Module):
    """Five resolution-preserving blocks at full resolution; all their outputs together are taken down to 1/16.

    Args:
        bands: Number of input bands.
        width: Channels at full resolution, a multiple of 4.
        levels: Channels at 1/2, 1/4 and 1/16, multiples of ``groups``.
        groups: Groups of the group normalisation.
    """

    def __init__(self, bands: int, width: int, levels: Sequence[int], groups: int) -> None:
        """Make the first convolution, the blocks and the three strided convolutions."""
        super().__init__()
        self.stem = nn.Conv2d(bands, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResolutionBlock(width) for _ in range(BLOCKS))
        half, quarter, coarse = levels
        self.downs = nn.ModuleList(
            (
                _down(BLOCKS * width, half, 3, 2, groups),
                _down(half, quarter, 3, 2, groups),
                _down(quarter, coarse, 5, 4, groups),
            )
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return (B, C, H, W) features of (B, bands, H, W) at full size, 1/2, 1/4 and 1/16; H, W multiples of 16."""
        features = [self.blocks[0](self.stem(image))]
        for block in self.blocks[1:]:
            features.append(block(features[-1]))
        half = self.downs[0](torch.cat(features, dim=1))
        quarter = self.downs[1](half)
        return features[-1], half, quarter, self.downs[2](quarter)


def conv_unit(in_channels: int, out_channels: int, kernel: int, *, bias: bool = True) -> nn.Sequential:
    """Return a convolution that keeps the map's size (odd ``kernel``), batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def _down(in_channels: int, out_channels: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    return nn.Sequential(
        StdConv2d(in_channels, out_channels, kernel, stride=stride, padding=1, eps=STANDARDISE_EPS),
        nn.GroupNorm(groups, out_channels, eps=NORM_EPS),
        nn.ReLU(),
    )
