"""RS3DAda's network: one DINOv2 encoder with a DPT head for land cover and one for height above ground.

Song et al., "SynRS3D: A Synthetic Dataset for Global 3D Semantic Understanding from Monocular Remote Sensing Imagery",
NeurIPS 2024 (datasets and benchmarks), arXiv 2406.18151.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from landwright.networks.encoders import EncoderPart
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.outputs import Outputs
from landwright.networks.registry import HEADS, choose, register
from landwright.networks.token_encoders import ENCODER_WORDS, FEATURES_WORDS, OUT_CHANNELS_WORDS, token_encoder


@register(
    "rs3dada",
    description="DINOv2 with a DPT head for classes and one for height above ground, from a single image",
    stride=14,
    min_tile=56,
    default_tile=392,
    gsd=(0.05, 1.0),
    licence="Apache-2.0 (written from a description; the published code is MIT; DINOv2's weights are Apache-2.0)",
    paper="Song et al., NeurIPS 2024, arXiv 2406.18151",
    options={
        "encoder": ENCODER_WORDS,
        "features": FEATURES_WORDS,
        "out_channels": OUT_CHANNELS_WORDS,
        "heads": "both, classes or height; the network of the published files has both",
    },
    heads=HEADS["both"],
    tokens=True,
    variants={
        ("encoder", "compact"): {
            "description": "RS3DAda's two heads on a small encoder of our own, for CPU and tests",
            "stride": 8,
            "min_tile": 64,
            "default_tile": 112,
        },
        **{("heads", option): {"heads": heads} for option, heads in HEADS.items()},
    },
)
class RS3DAda(nn.Module):
    """A shared encoder with an independent head per kind of map.

    Args:
        classes: Number of class logits; without meaning where ``heads`` is ``height``.
        bands: Number of input bands.
        encoder: ``vits``, ``vitb``, ``vitl`` or ``compact``.
        features: Channels of the fused maps, an even number; by default 256, and 32 for ``compact``.
        out_channels: Channels of the four levels before fusion, finest first; by default 256, 512, 1024, 1024.
        heads: ``both``, ``classes`` or ``height``.

    Raises:
        UsageError: An option has no such value.
    """

    def __init__(
        self,
        classes: int,
        bands: int = 3,
        *,
        encoder: str = "vitl",
        features: int | None = None,
        out_channels: Sequence[int] | None = None,
        heads: str = "both",
    ) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.layout = token_encoder(encoder)
        logits = {"classes": classes, "height": None}
        wanted = HEADS[choose("heads", heads, HEADS)]
        self.encoder = self.layout.build(bands)
        self.heads = nn.ModuleDict({name: self.layout.head(logits[name], features, out_channels) for name in wanted})

    def forward(self, image: Tensor) -> Outputs:
        """Map normalised images to classes and heights.

        Args:
            image: Float32 (B, bands, H, W), any H and W.

        Returns:
            ``classes`` and ``height`` as ``heads`` says, and ``tokens``. Heights are linear, so they may be a little
            below zero. For sides that are multiples of the stride nothing is padded, as published.
        """
        height, width = image.shape[-2:]
        image = pad_to_multiple(image, self.layout.stride)
        taps = self.encoder(image)
        maps = {name: head(taps, image.shape[-2:])[..., :height, :width] for name, head in self.heads.items()}
        return Outputs(classes=maps.get("classes"), height=maps.get("height"), tokens=taps[-1])

    def encode(self, image: Tensor) -> Tensor:
        """Return the tokens (B, D, h, w) of normalised images (B, bands, H, W), without running the heads."""
        tokens: Tensor = self.encoder(pad_to_multiple(image, self.layout.stride))[-1]
        return tokens

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the encoder with where its weights are published; nothing for ``compact``, which has none."""
        return self.layout.parts(self.encoder)
