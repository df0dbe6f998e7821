"""A plain vision transformer on 16-pixel patches in timm's names, for images of any size."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

PATCH = 16
"""Pixels per token and axis."""
GRID = 14
"""Side of the position table in tokens: the published weights end their training at 224 pixels."""

PositionRule = Callable[[Tensor, tuple[int, int], tuple[int, int]], Tensor]
"""Fits a table (1 + rows * columns, dim) of one grid, the first for the class token, to another grid."""


class PatchViT(VisionTransformer):  # type: ignore[misc]  # timm is not typed
    """A ViT with a class token, as DeiT and DINO have it, without a head.

    Args:
        bands: Number of input bands.
        dim: Channels of a token.
        depth: Number of blocks.
        heads: Attention heads per block.
        positions: How the position table is fitted to a grid of another size. timm's own rule smooths where it
            shrinks the table, which changes features by up to 0.2; neither DeiT's users nor DINO do that.
    """

    def __init__(self, bands: int, dim: int, depth: int, heads: int, positions: PositionRule) -> None:
        """Build the transformer with random weights."""
        super().__init__(
            img_size=GRID * PATCH,
            patch_size=PATCH,
            in_chans=bands,
            embed_dim=dim,
            depth=depth,
            num_heads=heads,
            num_classes=0,
            dynamic_img_size=True,
        )
        self.fit = positions

    def embed(self, image: Tensor) -> Tensor:
        """Return the tokens (B, 1 + P, dim) that enter the first block, the class token first.

        Args:
            image: Normalised images (B, bands, H, W); H and W are multiples of 16.
        """
        tokens: Tensor = self._pos_embed(self.patch_embed(image))
        return tokens

    def _pos_embed(self, x: Tensor) -> Tensor:
        """Put the class token before patches (B, rows, columns, dim) and add the positions; timm calls this."""
        batch, rows, columns, _ = x.shape
        tokens = torch.cat((self.cls_token.expand(batch, -1, -1), x.flatten(1, 2)), dim=1)
        return tokens + self.fit(self.pos_embed[0], (GRID, GRID), (rows, columns))


def fit_by_size(table: Tensor, native: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """Fit a position table to another grid: bicubic to its size, corners not aligned, not smoothed.

    Args:
        table: (1 + rows * columns, dim) of the native grid, the class token's entry first.
        native: Rows and columns that the table was made for.
        grid: Rows and columns wanted.

    Returns:
        (1 + rows * columns, dim) of the grid; the table itself where the grid is the native one.
    """
    if grid == native:
        return table
    square = table[1:].float().T.reshape(1, -1, *native)
    fitted = F.interpolate(square, size=grid, mode="bicubic")
    return torch.cat((table[:1], fitted[0].flatten(1).T.to(table.dtype)))
