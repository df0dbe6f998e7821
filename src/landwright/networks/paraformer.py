"""Paraformer (L2HNet V2): a full-resolution CNN that feeds a transformer, with a head on either.

Li et al., "Learning without Exact Guidance: Updating Large-scale High-resolution Land Cover Maps from Low-resolution
Historical Labels", CVPR 2024, pp. 27717-27727, arXiv 2403.02746.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.encoders import EncoderPart, timm_weights
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.layers.resolution import ResolutionCNN, conv_unit
from landwright.networks.layers.vit import TokenTransformer
from landwright.networks.outputs import Outputs
from landwright.networks.registry import choose, register
from landwright.networks.vit_weights import published_vit

STRIDE = 16
UNUSED_VIT = ("cls", "embedding/", "patch_embed.", "pre_logits", "head", "fc_norm.")


@dataclass(frozen=True)
class _Layout:
    """Sizes of one encoder option.

    ``levels`` are the CNN's channels at 1/2, 1/4 and 1/16; ``decoder`` the channels of the reduced tokens, of the
    decoder at 1/16, at 1/4, and of the features that the transformer's head reads.
    """

    width: int
    image: int
    levels: tuple[int, int, int]
    groups: int
    dim: int
    depth: int
    heads: int
    drop_rate: float
    decoder: tuple[int, int, int, int]
    hub: str | None


LAYOUTS: Mapping[str, _Layout] = {
    "vit_base": _Layout(
        width=64,
        image=224,
        levels=(640, 1024, 1024),
        groups=32,
        dim=768,
        depth=12,
        heads=12,
        drop_rate=0.1,
        decoder=(512, 512, 640, 256),
        # The ViT-B_16.npz of the published script. timm's older alias without "orig" is another training (AugReg).
        hub="timm/vit_base_patch16_224.orig_in21k",
    ),
    "compact": _Layout(
        width=16,
        image=128,
        levels=(48, 96, 128),
        groups=16,
        dim=96,
        depth=3,
        heads=3,
        drop_rate=0.0,
        decoder=(64, 64, 48, 32),
        hub=None,
    ),
}


@register(
    "paraformer",
    description="Full-resolution CNN and ViT in series with a head on either, for labels coarser than the image",
    stride=STRIDE,
    min_tile=64,
    default_tile=224,
    normalization="half",
    gsd=(0.25, 1.07),
    licence="Apache-2.0 (written from a description; the published repository is Apache-2.0 too)",
    paper="Li et al., CVPR 2024, pp. 27717-27727, arXiv 2403.02746",
    options={
        "width": "channels at full resolution, a multiple of 4; 64 by default (the published light mode, 128 is its "
        "normal one) and 16 for compact",
        "encoder": "vit_base (ViT-B/16, as published) or compact (the same design, far smaller, for CPU)",
        "img_size": "image side in pixels that the position table is made for, a multiple of 16; 224 by default as "
        "published and 128 for compact; other images get the table resized",
    },
    branches=True,
    features=True,
    variants={
        ("encoder", "compact"): {
            "description": "Paraformer's design far smaller, for CPU and tests",
            "default_tile": 128,
        }
    },
)
class Paraformer(nn.Module):
    """Two segmentation heads, one on a full-resolution CNN and one on a transformer that the CNN feeds.

    Args:
        classes: Number of class logits.
        bands: Number of input bands.
        width: Channels at full resolution, a multiple of 4; by default 64, and 16 for ``compact``.
        encoder: ``vit_base`` or ``compact``.
        img_size: Image side in pixels that the position table is made for, a multiple of 16; by default 224, and 128
            for ``compact``.

    Raises:
        UsageError: An option has no such value.
    """

    def __init__(
        self,
        classes: int,
        bands: int = 3,
        *,
        width: int | None = None,
        encoder: str = "vit_base",
        img_size: int | None = None,
    ) -> None:
        """Build the network with random weights."""
        super().__init__()
        layout = LAYOUTS[choose("encoder", encoder, LAYOUTS)]
        width = _multiple("width", layout.width if width is None else width, 4)
        image = _multiple("img_size", layout.image if img_size is None else img_size, STRIDE)
        half, quarter, coarse = layout.levels
        reduced, at16, at4, wide = layout.decoder
        self.layout = layout
        self.cnn = ResolutionCNN(bands, width, layout.levels, layout.groups)
        self.patch_embed = nn.Conv2d(coarse, layout.dim, 1)
        self.transformer = TokenTransformer(layout.dim, layout.depth, layout.heads, image // STRIDE, layout.drop_rate)
        self.reduce = conv_unit(layout.dim, reduced, 3, bias=False)
        self.join16 = conv_unit(reduced + coarse, at16, 3, bias=False)
        self.join4 = conv_unit(at16 + quarter, at4, 3, bias=False)
        self.guide = conv_unit(at4 + half, 1, 3, bias=False)
        self.widen = conv_unit(at4 + half, wide, 3, bias=False)
        self.cnn_head = nn.Conv2d(1 + width, classes, 3, padding=1)
        self.vit_head = nn.Conv2d(wide, classes, 3, padding=1)

    def forward(self, image: Tensor) -> Outputs:
        """Segment normalised images.

        Args:
            image: Float32 (B, bands, H, W), any H and W.

        Returns:
            ``classes`` is the mean of both heads' logits, the published map; ``auxiliary`` holds the logits of the
            CNN head and of the transformer's head; ``features`` is the CNN's last full-resolution map.
        """
        height, width = image.shape[-2:]
        full, half, quarter, coarse = self.cnn(pad_to_multiple(image, STRIDE))
        tokens = self.transformer(self.patch_embed(coarse))
        decoded = self.join16(torch.cat((self.reduce(tokens), coarse), dim=1))
        decoded = self.join4(torch.cat((_enlarge(decoded, quarter), quarter), dim=1))
        decoded = torch.cat((_enlarge(decoded, half), half), dim=1)
        # guide and widen read the same map, but as one convolution they are no faster (CPU, 224: 0.52 s for 0.48 s).
        guide = _enlarge(self.guide(decoded), full)
        local = self.cnn_head(torch.cat((guide, full), dim=1))[..., :height, :width]
        wide = self.vit_head(_enlarge(self.widen(decoded), full))[..., :height, :width]
        return Outputs(classes=(local + wide) / 2, auxiliary=(local, wide), features=full[..., :height, :width])

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the transformer with where its weights are published; nothing for ``compact``, which has none.

        The published weights are those of a ViT on 16-pixel patches of RGB images, but its patch embedding is not
        taken: here the CNN makes the tokens. So the weights say nothing about the input's scaling.
        """
        hub, grid = self.layout.hub, self.transformer.grid
        if hub is None:
            return ()
        return (
            EncoderPart(
                "transformer",
                self.transformer,
                UNUSED_VIT,
                lambda: timm_weights(hub),
                convert=lambda state: published_vit(state, grid),
                scaling=None,
            ),
        )


def _enlarge(coarse: Tensor, fine: Tensor) -> Tensor:
    """Bring a coarse map to a finer map's size, corners aligned."""
    return F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=True)


def _multiple(option: str, value: int, of: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < of or value % of:
        raise UsageError(f"{option} must be a multiple of {of}, not {value!r}")
    return value
