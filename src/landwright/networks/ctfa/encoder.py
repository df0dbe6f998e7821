"""The encoders of CTFA: DeiT in three sizes, and a compact one that learns from scratch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from landwright.networks.ctfa.blocks import AuxBlock, Encoded, default_block, run_blocks
from landwright.networks.ctfa.compact import CompactEncoder
from landwright.networks.encoders import EncoderPart, timm_weights
from landwright.networks.layers.patchvit import PATCH, PatchViT, fit_by_size

UNUSED = ("head.",)
DEPTH = 12
COMPACT_DEPTH = 4
DEFAULT = "deit_base"
ENCODER_WORDS = (
    "deit_tiny, deit_small or deit_base (DeiT on 16-pixel patches; deit_base as published) or compact (a small encoder "
    "of our own with stride 8, for CPU)"
)


class DeitEncoder(PatchViT):
    """DeiT, its position table frozen as published.

    Touvron et al., "Training data-efficient image transformers & distillation through attention", ICML 2021, arXiv
    2012.12877.

    Args:
        bands: Number of input bands.
        dim: Channels of a token.
        heads: Attention heads per block.
    """

    def __init__(self, bands: int, dim: int, heads: int) -> None:
        """Build the encoder with random weights."""
        super().__init__(bands, dim, DEPTH, heads, fit_by_size)
        self.pos_embed.requires_grad_(False)

    def forward(self, image: Tensor, block: AuxBlock | None = None) -> Encoded:
        """Encode normalised images.

        Args:
            image: (B, bands, H, W); H and W are multiples of 16.
            block: The auxiliary block; by default the third from the end.

        Returns:
            Class token, and maps of H / 16 x W / 16 patches; the last are the network's ``tokens``.
        """
        grid = (image.shape[-2] // PATCH, image.shape[-1] // PATCH)
        choice = default_block(DEPTH) if block is None else block
        return run_blocks(self.blocks, self.norm, self.embed(image), grid, choice)


@dataclass(frozen=True)
class Layout:
    """Sizes of one encoder option and of the heads on it.

    Attributes:
        build: Makes the encoder, with its ``blocks``, for a number of bands.
        dim: Channels of a token.
        depth: Blocks of the encoder.
        stride: Pixels per token and axis.
        pooling: What the class heads read of every channel, over all tokens: ``max`` as published, or ``mean``, with
            which activation maps cover more of an object where the encoder knows nothing yet.
        decoder: Channels inside both decoders.
        dilation: Pixels of the token grid between the taps of the decoders' convolutions.
        hidden: Channels inside a contrast head.
        bottleneck: Channels of a contrast head's normalised vectors.
        hub: Repository of the published weights, if there are any.
    """

    build: Callable[[int], nn.Module]
    dim: int
    depth: int = DEPTH
    stride: int = PATCH
    pooling: Literal["max", "mean"] = "max"
    decoder: int = 512
    dilation: int = 5
    hidden: int = 2048
    bottleneck: int = 256
    hub: str | None = None

    def parts(self, encoder: nn.Module) -> tuple[EncoderPart, ...]:
        """Say where the weights of an encoder are published; nothing for one that has none."""
        hub = self.hub
        return () if hub is None else (EncoderPart("encoder", encoder, UNUSED, lambda: timm_weights(hub)),)


def _deit(size: str, dim: int, heads: int) -> Layout:
    return Layout(
        build=lambda bands: DeitEncoder(bands, dim, heads), dim=dim, hub=f"timm/deit_{size}_patch16_224.fb_in1k"
    )


LAYOUTS: Mapping[str, Layout] = {
    "deit_tiny": _deit("tiny", 192, 3),
    "deit_small": _deit("small", 384, 6),
    "deit_base": _deit("base", 768, 12),
    "compact": Layout(
        build=lambda bands: CompactEncoder(bands, (32, 64), 128, COMPACT_DEPTH, heads=4, mlp_ratio=2, grid=16),
        dim=128,
        depth=COMPACT_DEPTH,
        stride=8,
        pooling="mean",
        decoder=128,
        dilation=2,
        hidden=256,
        bottleneck=64,
    ),
}
