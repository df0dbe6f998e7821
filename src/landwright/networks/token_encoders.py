"""The encoders that feed DPT heads: DINOv2 in three sizes, and a compact one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import nn

from landwright.errors import UsageError
from landwright.networks.encoders import EncoderPart, timm_weights
from landwright.networks.layers import compact, dinov2
from landwright.networks.layers.dpt import LEVELS, DPTHead
from landwright.networks.registry import choose

UNUSED = ("mask_token",)
ENCODER_WORDS = (
    "vits, vitb or vitl (DINOv2 on 14-pixel patches; vitl as published) or compact (a small encoder of our own with "
    "stride 8, for CPU)"
)
FEATURES_WORDS = "channels of the fused maps, an even number; 256 by default as published and 32 for compact"
OUT_CHANNELS_WORDS = (
    "four channel numbers of the levels before fusion, finest first; 256, 512, 1024, 1024 by default as published and "
    "48, 64, 96, 128 for compact"
)


@dataclass(frozen=True)
class TokenEncoder:
    """One encoder option.

    Attributes:
        build: Makes the encoder for a number of bands. It maps an image to four feature maps; the last are the tokens.
        stride: Pixels per token and axis.
        taps: Channels of the four maps.
        factors: How much a head resizes each map.
        features: Default channels of the fused maps.
        out_channels: Default channels of the four levels.
        hub: Repository of the published weights, if there are any.
    """

    build: Callable[[int], nn.Module]
    stride: int
    taps: tuple[int, ...]
    factors: tuple[Fraction, ...]
    features: int
    out_channels: tuple[int, ...]
    hub: str | None

    def head(self, classes: int | None, features: int | None, out_channels: Sequence[int] | None) -> DPTHead:
        """Make a head on this encoder.

        Args:
            classes: Number of class logits, or None for heights.
            features: Channels of the fused maps; by default this encoder's.
            out_channels: Channels of the four levels; by default this encoder's.

        Returns:
            The head, with random weights.

        Raises:
            UsageError: A number is not positive, ``features`` is odd, or there are not four ``out_channels``.
        """
        features = self.features if features is None else features
        channels = list(self.out_channels if out_channels is None else out_channels)
        if len(channels) != LEVELS or not all(_positive(number) for number in channels):
            raise UsageError(f"out_channels must be {LEVELS} whole numbers of at least 1, not {channels!r}")
        if not _positive(features) or features % 2:
            raise UsageError(f"features must be an even number of at least 2, not {features!r}")
        return DPTHead(self.taps, self.factors, features, channels, classes)

    def parts(self, encoder: nn.Module) -> tuple[EncoderPart, ...]:
        """Say where the weights of an encoder are published; nothing for one that has none."""
        hub = self.hub
        return () if hub is None else (EncoderPart("encoder", encoder, UNUSED, lambda: timm_weights(hub)),)


def token_encoder(name: str) -> TokenEncoder:
    """Return an encoder option by its name.

    Raises:
        UsageError: There is no such encoder.
    """
    return _ENCODERS[choose("encoder", name, _ENCODERS)]


def _dino(size: str, dim: int, depth: int, heads: int) -> TokenEncoder:
    return TokenEncoder(
        build=lambda bands: dinov2.DinoV2(bands, dim, depth, heads),
        stride=dinov2.PATCH,
        taps=(dim,) * LEVELS,
        factors=(Fraction(4), Fraction(2), Fraction(1), Fraction(1, 2)),
        features=256,
        out_channels=(256, 512, 1024, 1024),
        hub=f"timm/vit_{size}_patch14_dinov2.lvd142m",
    )


_ENCODERS: Mapping[str, TokenEncoder] = {
    "vits": _dino("small", 384, 12, 6),
    "vitb": _dino("base", 768, 12, 12),
    "vitl": _dino("large", 1024, 24, 16),
    "compact": TokenEncoder(
        build=compact.CompactEncoder,
        stride=compact.STRIDE,
        taps=(compact.STEM[1], *(compact.DIM,) * (LEVELS - 1)),
        factors=(Fraction(1), Fraction(1), Fraction(1, 2), Fraction(1, 4)),
        features=32,
        out_channels=(48, 64, 96, 128),
        hub=None,
    ),
}


def _positive(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1
