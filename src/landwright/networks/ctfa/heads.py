"""The heads of CTFA: the LargeFOV decoder and the projection for contrast of class tokens.

Chen et al., "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution, and Fully Connected
CRFs", TPAMI 2018, arXiv 1606.00915; Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV
2021, arXiv 2104.14294.
"""

from __future__ import annotations

import torch.nn.functional as F
from timm.layers import trunc_normal_
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

LINEAR_STD = 0.02
CODES = 1024
"""Length of the vectors that are contrasted."""


class LargeFOV(nn.Module):
    """Two convolutions with a wide view and a linear layer, all without biases.

    Args:
        dim: Channels of a token.
        channels: Channels inside.
        dilation: Distance of the convolutions' taps in tokens.
        classes: Number of class logits.
    """

    def __init__(self, dim: int, channels: int, dilation: int, classes: int) -> None:
        """Make the layers, named as published."""
        super().__init__()
        self.conv6 = nn.Conv2d(dim, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.conv7 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.conv8 = nn.Conv2d(channels, classes, 1, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, dim, h, w) to logits (B, classes, h, w)."""
        logits: Tensor = self.conv8(F.relu(self.conv7(F.relu(self.conv6(tokens)))))
        return logits


class ContrastHead(nn.Module):
    """Projects class tokens to cosines with 1024 learnt directions.

    Args:
        dim: Channels of a class token.
        hidden: Channels of the hidden layers.
        bottleneck: Channels of the vectors that are brought to length 1.
    """

    def __init__(self, dim: int, hidden: int, bottleneck: int) -> None:
        """Make the layers; the length of the directions stays 1."""
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, bottleneck)
        )
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                trunc_normal_(layer.weight, std=LINEAR_STD)
                nn.init.zeros_(layer.bias)
        self.last_layer = weight_norm(nn.Linear(bottleneck, CODES, bias=False))
        length: Tensor = self.last_layer.parametrizations.weight.original0
        nn.init.ones_(length).requires_grad_(False)

    def forward(self, cls_tokens: Tensor) -> Tensor:
        """Map class tokens (N, dim) to (N, 1024)."""
        codes: Tensor = self.last_layer(F.normalize(self.mlp(cls_tokens), dim=-1))
        return codes
