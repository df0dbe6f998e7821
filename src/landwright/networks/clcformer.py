"""CLCFormer: a CNN and a transformer side by side, fused at four scales.

Long, Li and Wang, "Integrating Spatial Details With Long-Range Contexts for Semantic Segmentation of Very
High-Resolution Remote-Sensing Images", IEEE GRSL 20 (2023), doi 10.1109/LGRS.2023.3262586.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.encoders import EncoderPart, timm_weights
from landwright.networks.layers.cnn import CNNBranch
from landwright.networks.layers.fusion import BiFusion, ConvUnit, GatedUp, initialise
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.layers.swin import SwinBranch
from landwright.networks.outputs import Outputs
from landwright.networks.registry import choose, register

STRIDE = 32
TAPS = ("released", "legacy", "figure")
FUSION_DROP_RATE = 0.2
UNUSED_CNN = ("blocks.6.", "conv_head.", "bn2.", "classifier.")
UNUSED_SWIN = ("norm.", "head.")


@dataclass(frozen=True)
class _Layout:
    """Widths of one encoder option; four-tuples run from stride 4 to stride 32."""

    cnn: str
    cnn_channels: tuple[int, int, int, int]
    embed_dim: int
    depths: tuple[int, int, int, int]
    num_heads: tuple[int, int, int, int]
    hidden: tuple[int, int, int, int]
    reduction: tuple[int, int, int, int]
    decoder: tuple[int, int, int]
    head: int
    drop_rate: float
    drop_path_rate: float
    cnn_hub: str
    swin_hub: str | None


def _published(depth: int, swin: str) -> _Layout:
    return _Layout(
        cnn="efficientnet_b3",
        cnn_channels=(32, 48, 136, 232),
        embed_dim=96,
        depths=(2, 2, depth, 2),
        num_heads=(3, 6, 12, 24),
        hidden=(32, 64, 128, 256),
        reduction=(1, 1, 2, 2),
        decoder=(32, 64, 128),
        head=64,
        drop_rate=0.4,
        drop_path_rate=0.2,
        cnn_hub="timm/efficientnet_b3.ra2_in1k",
        swin_hub=f"timm/{swin}",
    )


LAYOUTS: Mapping[str, _Layout] = {
    "tiny": _published(6, "swinv2_tiny_window8_256.ms_in1k"),
    "small": _published(18, "swinv2_small_window8_256.ms_in1k"),
    "compact": _Layout(
        cnn="mobilenetv2_100",
        cnn_channels=(24, 32, 96, 160),
        embed_dim=32,
        depths=(1, 1, 2, 1),
        num_heads=(1, 2, 4, 8),
        hidden=(32, 32, 48, 64),
        reduction=(1, 1, 2, 2),
        decoder=(32, 48, 64),
        head=32,
        drop_rate=0.1,
        drop_path_rate=0.05,
        cnn_hub="timm/mobilenetv2_100.ra_in1k",
        swin_hub=None,
    ),
}


@register(
    "clcformer",
    description="CNN and SwinV2 side by side, fused at four scales, with deep supervision",
    stride=STRIDE,
    min_tile=64,
    default_tile=512,
    gsd=(0.05, 0.3),
    licence="Apache-2.0 (written from a description; the published repository names no licence)",
    paper="Long, Li and Wang, IEEE GRSL 20 (2023), doi 10.1109/LGRS.2023.3262586",
    options={
        "encoder": "tiny (EfficientNet-B3 and SwinV2-T, as published), small (SwinV2-S) or compact (MobileNetV2 and "
        "a five-block SwinV2, for CPU)",
        "taps": "released (the published code), legacy (the code before September 2023) or figure (the paper's figure)",
        "drop_rate": "share of encoder channels dropped in training; 0.4 by default as published, 0.1 for compact",
    },
    variants={
        ("encoder", "compact"): {
            "description": "CLCFormer's decoder on MobileNetV2 and a small SwinV2, for CPU and tests",
            "default_tile": 256,
            "normalization": "half",
        }
    },
)
class CLCFormer(nn.Module):
    """Dual-encoder segmentation network with four supervised maps.

    Args:
        classes: Number of class logits.
        bands: Number of input bands.
        encoder: ``tiny``, ``small`` or ``compact``.
        taps: Which transformer tokens are fused: ``released``, ``legacy`` or ``figure``.
        drop_rate: Share of encoder channels dropped in training, in [0, 1); by default 0.4, and 0.1 for ``compact``.

    Raises:
        UsageError: An option has no such value.
    """

    def __init__(
        self,
        classes: int,
        bands: int = 3,
        *,
        encoder: str = "tiny",
        taps: str = "released",
        drop_rate: float | None = None,
    ) -> None:
        """Build both encoders and the decoder with random weights."""
        super().__init__()
        layout = LAYOUTS[choose("encoder", encoder, LAYOUTS)]
        choose("taps", taps, TAPS)
        drop_rate = layout.drop_rate if drop_rate is None else drop_rate
        if not 0 <= drop_rate < 1:
            raise UsageError(f"drop_rate must be at least 0 and below 1, not {drop_rate!r}")
        self.layout = layout
        self.cnn = CNNBranch(layout.cnn, bands, drop_rate)
        self.transformer = SwinBranch(
            bands,
            taps,
            embed_dim=layout.embed_dim,
            depths=layout.depths,
            num_heads=layout.num_heads,
            drop_path_rate=layout.drop_path_rate,
        )
        self.token_dropout = nn.Dropout2d(drop_rate)
        cnn, decoder, head = layout.cnn_channels, layout.decoder, layout.head
        self.fusions = nn.ModuleList(
            BiFusion(
                cnn[level], layout.embed_dim * 2**level, layout.reduction[level], layout.hidden[level], FUSION_DROP_RATE
            )
            for level in range(4)
        )
        self.ups = nn.ModuleList(
            GatedUp(coarse, cnn[level], decoder[level]) for level, coarse in enumerate((decoder[1], decoder[2], cnn[3]))
        )
        self.heads = nn.ModuleList(
            nn.Sequential(ConvUnit(width, min(width, head)), ConvUnit(min(width, head), classes, activate=False))
            for width in decoder
        )
        self.heads.append(
            nn.Sequential(ConvUnit(cnn[3], head, 1), ConvUnit(head, head), ConvUnit(head, classes, activate=False))
        )
        for part in (self.fusions, self.ups, self.heads):
            initialise(part)

    def forward(self, image: Tensor) -> Outputs:
        """Segment normalised images.

        Args:
            image: Float32 (B, bands, H, W), any H and W.

        Returns:
            ``classes`` is the finest map; ``auxiliary`` are the maps of strides 32, 16 and 8, in this order.
        """
        height, width = image.shape[-2:]
        image = pad_to_multiple(image, STRIDE)
        pairs = zip(self.fusions, self.cnn(image), self.transformer(image), strict=True)
        fused = [fusion(local, self.token_dropout(wide)) for fusion, local, wide in pairs]
        decoded = [fused[3]]
        for up, fine in zip(reversed(self.ups), reversed(fused[:3]), strict=True):
            decoded.append(up(decoded[-1], fine))
        size = image.shape[-2:]
        maps = [
            F.interpolate(head(features), size=size, mode="bilinear", align_corners=False)[..., :height, :width]
            for head, features in zip(reversed(self.heads), decoded, strict=True)
        ]
        return Outputs(classes=maps[3], auxiliary=tuple(maps[:3]))

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the CNN branch and the transformer branch with where their weights are published."""
        layout = self.layout
        cnn = EncoderPart("cnn", self.cnn, UNUSED_CNN, lambda: timm_weights(layout.cnn_hub))
        hub = layout.swin_hub
        fetch = None if hub is None else lambda: timm_weights(hub)
        unused = UNUSED_SWIN if self.transformer.layers[-1].blocks else (*UNUSED_SWIN, "layers.3.blocks.")
        return cnn, EncoderPart("transformer", self.transformer, unused, fetch)
