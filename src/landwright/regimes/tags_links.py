"""What links between tokens compare: the tokens of a frozen DINO, or the code of a head on them."""

from __future__ import annotations

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD
from landwright.networks.dino import load_dino, load_dino_head
from landwright.regimes.tags_plan import TagsPlan


class LinkFeatures:
    """Features of pictures, on the grid of a network's tokens.

    Not a module, so that frozen weights of another model are in no checkpoint and no optimiser.

    Args:
        plan: Architecture and weights of DINO, and the file of its head, if any.

    Raises:
        UsageError: There is no such architecture, or no published weights for it.
        DataError: A file is missing or does not fit.
    """

    def __init__(self, plan: TagsPlan) -> None:
        """Load the weights."""
        assert plan.dino_weights is not None
        self.dino = load_dino(plan.dino, plan.dino_weights)
        self.head = None if plan.link_head is None else load_dino_head(plan.link_head, self.dino.dim)

    def to(self, device: torch.device) -> Self:
        """Move the weights."""
        self.dino.to(device)
        if self.head is not None:
            self.head.to(device)
        return self

    @torch.no_grad()
    def __call__(self, picture: Tensor, size: tuple[int, int]) -> Tensor:
        """Return features.

        Args:
            picture: (B, 3, H, W) in 0..1.
            size: Grid of the tokens.

        Returns:
            Float32 (B, D, h, w).
        """
        mean, std = (picture.new_tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
        features: Tensor = self.dino((picture - mean) / std)
        if self.head is not None:
            features = self.head(features)
        features = features.float()
        if features.shape[-2:] == size:
            return features
        return F.interpolate(features, size=size, mode="bilinear", align_corners=False)
