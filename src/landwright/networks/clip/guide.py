"""A self-supervised encoder that says which patches belong together, for attention ``proxy``.

Lan et al., "ProxyCLIP: Proxy Attention Improves CLIP for Open-Vocabulary Segmentation", ECCV 2024, arXiv 2408.04883.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.clip.proxy import proxy_attention
from landwright.networks.encoders import EncoderPart, timm_weights


class Guide(nn.Module):
    """A vision transformer of timm beside the dual encoder, on the same windows.

    Args:
        name: timm's name, such as ``vit_base_patch8_224.dino``; its weights are random.
        mean: Mean that was subtracted from the network's input after division to 0..1, by band.
        std: Standard deviation that it was divided by.

    Raises:
        UsageError: timm has no such vision transformer for images of any size.
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, name: str, mean: Sequence[float], std: Sequence[float]) -> None:
        """Build the encoder and note how to change scalings."""
        super().__init__()
        try:
            self.model: Any = timm.create_model(name, pretrained=False, num_classes=0, dynamic_img_size=True)
        except (RuntimeError, TypeError, ValueError) as error:
            raise UsageError(
                f"guide {name!r} is none of timm's vision transformers for any size: {error}",
                remedy="Take one such as vit_base_patch8_224.dino",
            ) from error
        self.name = name
        own = self.model.pretrained_cfg
        own_mean, own_std = torch.tensor(own["mean"]), torch.tensor(own["std"])
        self.register_buffer("factor", (torch.tensor(std) / own_std)[:, None, None], persistent=False)
        self.register_buffer("offset", ((torch.tensor(mean) - own_mean) / own_std)[:, None, None], persistent=False)

    def forward(self, image: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return how much the patches of a grid have of one another.

        Args:
            image: (B, 3, H, W), scaled for the dual encoder.
            grid: Rows and columns of the dual encoder's patches.

        Returns:
            (B, P, P), rows that sum to 1, P = rows * columns.
        """
        side = int(self.model.patch_embed.patch_size[0])
        size = tuple(max(round(pixels / side), 1) * side for pixels in image.shape[-2:])
        image = image * self.factor + self.offset
        if size != tuple(image.shape[-2:]):
            image = F.interpolate(image, size, mode="bilinear")
        (features,) = self.model.forward_intermediates(
            image, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True
        )
        return proxy_attention(features, grid)

    def part(self) -> EncoderPart:
        """Return the encoder with where its weights are published."""
        return EncoderPart("guide", self.model, ("mask_token", "head."), partial(timm_weights, f"timm/{self.name}"))
