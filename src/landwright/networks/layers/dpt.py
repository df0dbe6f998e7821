"""The DPT head of RS3DAda: four feature maps, fused from coarse to fine, and a tail for classes or for heights.

After Ranftl et al., "Vision Transformers for Dense Prediction", ICCV 2021, arXiv 2103.13413. It differs from the
heads of timm, transformers and smp: batch normalisation and biases in the residual units, no such unit before the
deepest level, exact sizes on odd grids, and no activation in the tails.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 4
HEIGHT_CHANNELS = 32


class ResidualUnit(nn.Module):
    """Two convolutions with batch normalisation, each after a ReLU, plus the input as it was.

    Args:
        channels: Channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        """Make both convolutions."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, channels, h, w) to the same shape."""
        inner = self.norm1(self.conv1(F.relu(features)))
        out: Tensor = features + self.norm2(self.conv2(F.relu(inner)))
        return out


class Fusion(nn.Module):
    """Joins a level with what comes from below it, and brings both to the next level's size.

    Args:
        channels: Channels of input and output.
        deepest: Whether nothing comes from below. The published network has an unused unit here.
    """

    def __init__(self, channels: int, *, deepest: bool = False) -> None:
        """Make the residual units and the last convolution."""
        super().__init__()
        self.skip = None if deepest else ResidualUnit(channels)
        self.refine = ResidualUnit(channels)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, level: Tensor, below: Tensor | None, size: Sequence[int]) -> Tensor:
        """Map (B, channels, h, w) of this level and the same from below, if any, to (B, channels, *size)."""
        joined = level if self.skip is None else below + self.skip(level)
        out: Tensor = self.out(enlarge(self.refine(joined), size))
        return out


class DPTHead(nn.Module):
    """Neck and tail for one kind of map.

    Args:
        taps: Channels of the encoder's four maps, in the order of the levels, finest level first.
        factors: How much each map is enlarged (> 1) or shrunk (< 1) to be its level.
        features: Channels of the fused maps.
        out_channels: Channels of the four levels before fusion.
        classes: Number of class logits, or None for heights.
    """

    def __init__(
        self,
        taps: Sequence[int],
        factors: Sequence[Fraction],
        features: int,
        out_channels: Sequence[int],
        classes: int | None,
    ) -> None:
        """Build the head with random weights."""
        super().__init__()
        self.projects = nn.ModuleList(nn.Conv2d(tap, out, 1) for tap, out in zip(taps, out_channels, strict=True))
        self.resizes = nn.ModuleList(_resize(out, factor) for out, factor in zip(out_channels, factors, strict=True))
        self.levels = nn.ModuleList(nn.Conv2d(out, features, 3, padding=1, bias=False) for out in out_channels)
        self.fusions = nn.ModuleList(Fusion(features, deepest=number == LEVELS - 1) for number in range(LEVELS))
        self.tail = HeightTail(features) if classes is None else ClassTail(features, classes)

    def forward(self, taps: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """Map the encoder's four maps to class logits or heights (B, K, *size)."""
        steps = zip(taps, self.projects, self.resizes, self.levels, strict=True)
        levels = [level(resize(project(tap))) for tap, project, resize, level in steps]
        sizes = [[2 * side for side in levels[0].shape[-2:]], *(level.shape[-2:] for level in levels[:-1])]
        fused: Tensor | None = None
        for level, fusion, target in zip(reversed(levels), reversed(self.fusions), reversed(sizes), strict=True):
            fused = fusion(level, fused, target)
        out: Tensor = self.tail(fused, size)
        return out


class ClassTail(nn.Module):
    """Two convolutions at the neck's size with nothing between them, as published; the logits are then enlarged.

    Args:
        features: Channels of the neck.
        classes: Number of class logits.
    """

    def __init__(self, features: int, classes: int) -> None:
        """Make both convolutions."""
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(features, features, 3, padding=1), nn.Conv2d(features, classes, 1))

    def forward(self, fused: Tensor, size: Sequence[int]) -> Tensor:
        """Map (B, features, h, w) to logits (B, classes, *size)."""
        return enlarge(self.layers(fused), size)


class HeightTail(nn.Module):
    """Three convolutions without activation, the last two at full size; the heights are linear and may be negative.

    Args:
        features: Channels of the neck.
    """

    def __init__(self, features: int) -> None:
        """Make the convolutions."""
        super().__init__()
        self.reduce = nn.Conv2d(features, features // 2, 3, padding=1)
        self.layers = nn.Sequential(
            nn.Conv2d(features // 2, HEIGHT_CHANNELS, 3, padding=1), nn.Conv2d(HEIGHT_CHANNELS, 1, 1)
        )

    def forward(self, fused: Tensor, size: Sequence[int]) -> Tensor:
        """Map (B, features, h, w) to heights in metres (B, 1, *size)."""
        out: Tensor = self.layers(enlarge(self.reduce(fused), size))
        return out


def enlarge(features: Tensor, size: Sequence[int]) -> Tensor:
    """Bring a map to a size, bilinear, corners aligned."""
    return F.interpolate(features, size=list(size), mode="bilinear", align_corners=True)


def _resize(channels: int, factor: Fraction) -> nn.Module:
    if factor == 1:
        return nn.Identity()
    if factor > 1:
        return nn.ConvTranspose2d(channels, channels, int(factor), stride=int(factor))
    return nn.Conv2d(channels, channels, 3, stride=int(1 / factor), padding=1)
