"""DINOv2's vision transformer from timm, with the published rule for position tables of another size.

Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", TMLR 2024, arXiv 2304.07193.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

PATCH = 14
"""Pixels per token and axis."""
GRID = 37
"""Side of the position table in tokens: the published weights end their training at 518 pixels."""
TAPS = 4
RESIZE_OFFSET = 0.1


class DinoV2(VisionTransformer):  # type: ignore[misc]  # timm is not typed
    """A DINOv2 encoder without registers, in timm's names, which are the published ones.

    Args:
        bands: Number of input bands.
        dim: Channels of a token.
        depth: Number of blocks.
        heads: Attention heads per block.
    """

    def __init__(self, bands: int, dim: int, depth: int, heads: int) -> None:
        """Build the encoder with random weights."""
        super().__init__(
            img_size=GRID * PATCH,
            patch_size=PATCH,
            in_chans=bands,
            embed_dim=dim,
            depth=depth,
            num_heads=heads,
            init_values=1e-5,
            num_classes=0,
            dynamic_img_size=True,
        )

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode normalised images.

        Args:
            image: (B, bands, H, W); H and W are multiples of 14.

        Returns:
            The patch tokens after each of the last four blocks, all passed through the last norm, as
            (B, dim, H / 14, W / 14); the last of them are the network's ``tokens``.
        """
        return tuple(
            self.forward_intermediates(image, indices=TAPS, norm=True, output_fmt="NCHW", intermediates_only=True)
        )

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """Fit the position table to a grid of tokens, as DINOv2 does it.

        The scale is passed with 0.1 token added and not the size, which moves the sampling points; bicubic, without
        antialiasing. timm's own rule (by size, with antialiasing) gives other numbers.

        Args:
            grid: Rows and columns of tokens.

        Returns:
            (1, 1 + rows * columns, dim), the class token first; the table itself where the grid is the same.
        """
        table: Tensor = self.pos_embed
        if grid == (GRID, GRID):
            return table
        first, rest = table[:, :1].float(), table[:, 1:].float()
        square = rest.transpose(1, 2).reshape(1, -1, GRID, GRID)
        rows, columns = ((side + RESIZE_OFFSET) / GRID for side in grid)
        fitted = F.interpolate(square, scale_factor=(rows, columns), mode="bicubic")
        return torch.cat((first, fitted.flatten(2).transpose(1, 2)), dim=1).to(table.dtype)

    def _pos_embed(self, x: Tensor) -> Tensor:
        """Put the class token before patches (B, rows, columns, dim) and add the positions; timm calls this."""
        batch, rows, columns, _ = x.shape
        tokens = torch.cat((self.cls_token.expand(batch, -1, -1), x.flatten(1, 2)), dim=1)
        return tokens + self.positions((rows, columns))
