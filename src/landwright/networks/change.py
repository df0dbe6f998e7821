"""Building change between two dates: one encoder for both, the differences of its features, and a DPT head.

The change network of the SynRS3D paper (arXiv 2406.18151) is not released; this is our own design of RS3DAda's parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.encoders import EncoderPart
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.outputs import Outputs
from landwright.networks.registry import register
from landwright.networks.token_encoders import ENCODER_WORDS, FEATURES_WORDS, OUT_CHANNELS_WORDS, token_encoder

DATES = 2


@register(
    "change",
    description="Two dates through one DINOv2 encoder, feature differences into a DPT head",
    stride=14,
    min_tile=56,
    default_tile=392,
    gsd=(0.05, 1.0),
    licence="Apache-2.0 (own design; DINOv2's weights are Apache-2.0)",
    paper="own design of the parts of Song et al., NeurIPS 2024, arXiv 2406.18151",
    options={"encoder": ENCODER_WORDS, "features": FEATURES_WORDS, "out_channels": OUT_CHANNELS_WORDS},
    dates=DATES,
    variants={
        ("encoder", "compact"): {
            "description": "Two dates through a small encoder of our own, for CPU and tests",
            "stride": 8,
            "min_tile": 64,
            "default_tile": 112,
        }
    },
)
class ChangeNetwork(nn.Module):
    """Segmentation of what differs between two dates; it does not matter which of them comes first.

    Args:
        classes: Number of class logits.
        bands: Number of input bands: those of the date before, then those of the date after, so an even number.
        encoder: ``vits``, ``vitb``, ``vitl`` or ``compact``.
        features: Channels of the fused maps, an even number; by default 256, and 32 for ``compact``.
        out_channels: Channels of the four levels before fusion, finest first; by default 256, 512, 1024, 1024.

    Raises:
        UsageError: The number of bands is odd, or an option has no such value.
    """

    def __init__(
        self,
        classes: int,
        bands: int = 6,
        *,
        encoder: str = "vitl",
        features: int | None = None,
        out_channels: Sequence[int] | None = None,
    ) -> None:
        """Build the network with random weights."""
        super().__init__()
        if bands % DATES:
            raise UsageError(
                f"the network change takes two dates with the same bands, so an even number of bands, not {bands}",
                remedy="Give every scene an image of the date before",
            )
        self.layout = token_encoder(encoder)
        self.encoder = self.layout.build(bands // DATES)
        self.head = self.layout.head(classes, features, out_channels)

    def forward(self, image: Tensor) -> Outputs:
        """Find change.

        Args:
            image: Float32 (B, bands, H, W), normalised, any H and W: the bands before, then the bands after.

        Returns:
            ``classes`` alone.
        """
        height, width = image.shape[-2:]
        image = pad_to_multiple(image, self.layout.stride)
        taps = self.encoder(torch.cat(image.chunk(DATES, dim=1)))
        batch = image.shape[0]
        differences = [(tap[:batch] - tap[batch:]).abs() for tap in taps]
        logits: Tensor = self.head(differences, image.shape[-2:])
        return Outputs(classes=logits[..., :height, :width])

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the encoder with where its weights are published; nothing for ``compact``, which has none."""
        return self.layout.parts(self.encoder)
