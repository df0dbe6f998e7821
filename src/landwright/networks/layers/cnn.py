"""The CNN branch: a timm EfficientNet or MobileNet, cut after the last stage that is used."""

from __future__ import annotations

import timm
from torch import Tensor, nn


class CNNBranch(nn.Module):
    """First six stages of a timm EfficientNet-like network, tapped at strides 4, 8, 16 and 32.

    Channels are dropped *in the path*: each stage reads what the dropout before it left. The finest tap is not
    dropped. Parameter names are timm's own, so that timm's weights load.

    Args:
        name: timm name of a network of the EfficientNet family with seven stages.
        bands: Number of input bands.
        drop_rate: Share of channels dropped in training.
    """

    STAGES = 6

    def __init__(self, name: str, bands: int, drop_rate: float) -> None:
        """Build the whole network and keep the used part."""
        super().__init__()
        whole = timm.create_model(name, pretrained=False, in_chans=bands)
        self.conv_stem: nn.Module = whole.conv_stem
        self.bn1: nn.Module = whole.bn1
        self.blocks = nn.Sequential(*list(whole.blocks)[: self.STAGES])
        self.dropout = nn.Dropout2d(drop_rate)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the taps of (B, bands, H, W) at strides 4, 8, 16 and 32."""
        stem, *stages = self.blocks
        s4 = stages[0](stem(self.bn1(self.conv_stem(image))))
        s8 = self.dropout(stages[1](s4))
        s16 = self.dropout(stages[3](self.dropout(stages[2](s8))))
        return s4, s8, s16, self.dropout(stages[4](s16))
