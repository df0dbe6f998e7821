"""Deformable 3x3 convolution out of ``grid_sample``: no compiled operator, any device, exportable."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = 9


def sample_taps(features: Tensor, offsets: Tensor) -> Tensor:
    """Read the nine shifted neighbours of every pixel, bilinearly, with zeros outside the map.

    Args:
        features: (B, C, H, W).
        offsets: (B, 18, H, W) in pixels: channels 0..8 row offsets, 9..17 column offsets, taps in row-major order
            from (-1, -1) to (1, 1).

    Returns:
        (B, C * 9, H * W), channel-major.
    """
    batch, channels, height, width = features.shape
    # Half precision cannot hold pixel positions of a large map; double stays double.
    dtype = torch.promote_types(features.dtype, torch.float32)
    offset = offsets.to(dtype).view(batch, 2, TAPS, height, width)
    step = torch.arange(-1, 2, device=features.device, dtype=dtype)
    row = torch.arange(height, device=features.device, dtype=dtype)[:, None] + step.repeat_interleave(3)[:, None, None]
    column = torch.arange(width, device=features.device, dtype=dtype) + step.repeat(3)[:, None, None]
    # Pixel centres at (2 i + 1) / size - 1 (align_corners=False): no division by size - 1, so size 1 is safe.
    y = (2 * (row + offset[:, 0]) + 1) / height - 1
    x = (2 * (column + offset[:, 1]) + 1) / width - 1
    grid = torch.stack((x, y), dim=-1).view(batch, TAPS * height, width, 2)
    taps = F.grid_sample(features.to(dtype), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return taps.view(batch, channels * TAPS, height * width).to(features.dtype)


class DeformConv2d(nn.Module):
    """Deformable convolution (v1): 3x3, stride 1, one group, no modulation, no bias.

    Dai et al., "Deformable Convolutional Networks", ICCV 2017, as CLCFormer uses it.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Make the convolution and the one that predicts its offsets."""
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, bias=False)
        self.p_conv = nn.Conv2d(in_channels, 2 * TAPS, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, out, H, W)."""
        taps = sample_taps(features, self.p_conv(features))
        out = self.conv.weight.flatten(1) @ taps
        return out.view(features.shape[0], -1, *features.shape[-2:])
