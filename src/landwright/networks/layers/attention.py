"""Squeeze-and-excitation in its channel and spatial forms, and depthwise-separable convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SeparableConv(nn.Module):
    """Dilated 3x3 depthwise convolution followed by a 1x1 convolution, both with bias.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        dilation: Dilation of the depthwise part; padding keeps the size.
    """

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        """Make the two convolutions."""
        super().__init__()
        self.depth_conv = nn.Conv2d(
            in_channels, in_channels, 3, padding=dilation, dilation=dilation, groups=in_channels
        )
        self.point_conv = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, out, H, W)."""
        out: Tensor = self.point_conv(self.depth_conv(features))
        return out


class ChannelSqueeze(nn.Module):
    """Channel squeeze-and-excitation: global mean, two linear layers, sigmoid, multiply.

    Args:
        channels: Channels of the input.
        reduction: Divisor of the hidden width.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        """Make the two linear layers."""
        super().__init__()
        hidden = max(1, channels // reduction)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Weight the channels of (B, C, H, W)."""
        squeezed = torch.relu(self.linear1(features.mean((2, 3))))
        return features * torch.sigmoid(self.linear2(squeezed))[:, :, None, None]


class SpatialSqueeze(nn.Module):
    """Spatial squeeze-and-excitation: one 1x1 convolution to one channel, sigmoid, multiply.

    Args:
        channels: Channels of the input.
    """

    def __init__(self, channels: int) -> None:
        """Make the convolution."""
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Weight the pixels of (B, C, H, W)."""
        return features * torch.sigmoid(self.conv(features))


class SqueezeBoth(nn.Module):
    """Sum of the channel and the spatial form (scSE, Roy et al., MICCAI 2018).

    Args:
        channels: Channels of the input.
    """

    def __init__(self, channels: int) -> None:
        """Make the two blocks."""
        super().__init__()
        self.cse_block = ChannelSqueeze(channels)
        self.sse_block = SpatialSqueeze(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Weight (B, C, H, W)."""
        out: Tensor = self.cse_block(features) + self.sse_block(features)
        return out


class PooledLinear(nn.Module):
    """A depthwise-separable convolution on a 1x1 map.

    Published as a dilated 3x3 depthwise convolution, of which only the centre tap meets anything but padding; here
    it is a scale and a shift per channel and a linear layer. Equal outputs, equal gradients, a ninth of the weights.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Make the parameters, drawn as those of the 3x3 convolution would be."""
        super().__init__()
        bound = 1 / 3  # 1 / sqrt(fan_in) of a 3x3 depthwise kernel
        self.scale = nn.Parameter(torch.empty(in_channels).normal_(std=(2 / 9) ** 0.5))
        self.shift = nn.Parameter(torch.empty(in_channels).uniform_(-bound, bound))
        self.point = nn.Linear(in_channels, out_channels)
        nn.init.kaiming_normal_(self.point.weight, nonlinearity="relu")

    def forward(self, pooled: Tensor) -> Tensor:
        """Map (B, C) to (B, out)."""
        out: Tensor = self.point(pooled * self.scale + self.shift)
        return out


class PooledAttention(nn.Module):
    """Channel attention from the global mean and the global maximum (after CBAM, with a gate of its own).

    Args:
        channels: Channels of the input.
        reduction: Divisor of the hidden width.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        """Make the three layers."""
        super().__init__()
        hidden = channels // reduction
        self.mean = PooledLinear(channels, hidden)
        self.peak = PooledLinear(channels, hidden)
        self.gate = PooledLinear(hidden, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Weight the channels of (B, C, H, W)."""
        hidden = torch.relu(self.mean(features.mean((2, 3))) + self.peak(features.amax((2, 3))))
        return features * torch.sigmoid(self.gate(hidden))[:, :, None, None]
