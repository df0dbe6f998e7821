"""CLCFormer's fusion and decoder blocks (Long, Li and Wang, IEEE GRSL 20, 2023, doi 10.1109/LGRS.2023.3262586)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.networks.layers.attention import ChannelSqueeze, PooledAttention, SeparableConv, SqueezeBoth
from landwright.networks.layers.deform import DeformConv2d


class AttentionResidual(nn.Module):
    """Attention residual (ATR): two pre-activated 3x3 convolutions plus a projected skip, then channel weights.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Make the two paths."""
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 3, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
        )
        self.conv_skip = nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels))
        self.se = ChannelSqueeze(out_channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, out, H, W)."""
        out: Tensor = self.se(self.conv_block(features) + self.conv_skip(features))
        return out


class AttentionGate(nn.Module):
    """Attention gate (ATG): a coarse map decides where a fine one passes.

    Args:
        gate_channels: Channels of the coarse map.
        channels: Channels of the fine map.
        hidden: Channels in between.
    """

    def __init__(self, gate_channels: int, channels: int, hidden: int) -> None:
        """Make the three dilated convolutions."""
        super().__init__()
        self.W_g = nn.Sequential(SeparableConv(gate_channels, hidden, 4), nn.BatchNorm2d(hidden))
        self.W_x = nn.Sequential(SeparableConv(channels, hidden, 6), nn.BatchNorm2d(hidden))
        self.psi = nn.Sequential(SeparableConv(hidden, 1, 8), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, gate: Tensor, features: Tensor) -> Tensor:
        """Weight the pixels of ``features`` (B, C, H, W) by ``gate`` (B, G, H, W)."""
        weight: Tensor = self.psi(torch.relu(self.W_g(gate) + self.W_x(features)))
        return weight * features


class BiFusion(nn.Module):
    """Bilateral feature fusion (BiFFM) of a CNN map and a transformer map of one scale.

    The transformer map is weighted by channel, the CNN map by pixel, from a deformable convolution of itself.

    Args:
        cnn_channels: Channels of the CNN map and of the result.
        transformer_channels: Channels of the transformer map.
        reduction: Divisor of the hidden width of the channel weights.
        hidden: Channels of the deformable convolution.
        drop_rate: Share of result channels dropped in training.
    """

    def __init__(
        self, cnn_channels: int, transformer_channels: int, reduction: int, hidden: int, drop_rate: float
    ) -> None:
        """Make the two sides and the residual that joins them."""
        super().__init__()
        self.channel = PooledAttention(transformer_channels, reduction)
        self.df_conv = DeformConv2d(cnn_channels, hidden)
        self.scse = SqueezeBoth(hidden)
        self.dw4 = SeparableConv(hidden, cnn_channels, 8)
        self.residual = AttentionResidual(cnn_channels + transformer_channels, cnn_channels)
        self.dropout = nn.Dropout2d(drop_rate)

    def forward(self, cnn: Tensor, transformer: Tensor) -> Tensor:
        """Fuse (B, C, H, W) and (B, T, H, W) to (B, C, H, W)."""
        spatial = torch.sigmoid(self.dw4(self.scse(self.df_conv(cnn)))) * cnn
        out: Tensor = self.dropout(self.residual(torch.cat((self.channel(transformer), spatial), dim=1)))
        return out


class GatedUp(nn.Module):
    """Decoder step: enlarge the coarse map, gate the fine one by it, join both.

    The coarse map is enlarged to the fine map's size with corners aligned, which is the published doubling wherever
    sizes are even.

    Args:
        coarse_channels: Channels of the coarse map.
        fine_channels: Channels of the fine map.
        out_channels: Channels of the result.
    """

    def __init__(self, coarse_channels: int, fine_channels: int, out_channels: int) -> None:
        """Make the gate and the residual."""
        super().__init__()
        self.attn_block = AttentionGate(coarse_channels, fine_channels, out_channels)
        self.conv = AttentionResidual(coarse_channels + fine_channels, out_channels)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Join (B, C, h, w) and (B, F, H, W) to (B, out, H, W)."""
        coarse = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=True)
        out: Tensor = self.conv(torch.cat((self.attn_block(coarse, fine), coarse), dim=1))
        return out


class ConvUnit(nn.Module):
    """Convolution with bias, and optionally batch normalisation and ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Odd kernel size; padding keeps the map's size.
        activate: Whether batch normalisation and ReLU follow.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, *, activate: bool = True) -> None:
        """Make the layers."""
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(out_channels) if activate else None

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, out, H, W)."""
        out: Tensor = self.conv(features)
        return out if self.bn is None else torch.relu(self.bn(out))


def initialise(module: nn.Module) -> None:
    """Draw convolution weights as published: Kaiming normal over the fan-in; biases stay as torch draws them."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_in", nonlinearity="relu")
