"""One joint-bilateral step that doubles a feature map along the edges of an image, worked out tile by tile.

Kopf et al., "Joint Bilateral Upsampling", SIGGRAPH 2007, as learned by Fu et al., "FeatUp: A Model-Agnostic Framework
for Features at Any Resolution", ICLR 2024, arXiv 2403.10516, section 3.1. Tensor names are the published ones.

A pixel's kernel depends on the image alone and serves all channels. The published form gathers a neighbourhood per
pixel and channel; here the kernels of a tile become one small matrix over the coarse pixels below the tile, with the
bicubic enlargement folded in, so that the channels are mixed by a dense product that stays in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TILE = 8
"""Side in fine pixels; even, so that a tile starts on a coarse pixel."""
TILES_AT_ONCE = {"cpu": 64}
TILES_AT_ONCE_DEFAULT = 1024
"""Tiles per product: few stay in a processor's cache, many fill an accelerator."""
KEYS = 32
FIX = 0.1
SMALLEST_SUM = 1e-7
TEMPERATURES = (1e-4, 1e4)


class BilateralStep(nn.Module):
    """Doubling of a feature map, guided by an image.

    Args:
        radius: Fine pixels from the middle of the kernel to its edge.
        bands: Bands of the guiding image.
    """

    def __init__(self, radius: int, bands: int = 3) -> None:
        """Make the two small per-pixel networks, with random weights."""
        super().__init__()
        self.radius = radius
        taps = (2 * radius + 1) ** 2
        self.range_temp = nn.Parameter(torch.tensor(0.0))
        self.sigma_spatial = nn.Parameter(torch.tensor(1.0))
        self.range_proj = _perceptron(bands, KEYS)
        self.fixup_proj = _perceptron(taps + bands, taps)

    def forward(self, source: Tensor, guidance: Tensor) -> Tensor:
        """Double one feature map.

        Args:
            source: (h, w, C), channels last.
            guidance: (bands, H, W) of the same place, normalised, of any size; averaged to the fine grid.

        Returns:
            (2h, 2w, C).
        """
        return torch.cat(list(self.strips(source, guidance)))

    def strips(self, source: Tensor, guidance: Tensor) -> Iterator[Tensor]:
        """Yield what ``forward`` returns as strips of whole rows (rows, 2w, C), from the top down."""
        height, width = 2 * source.shape[0], 2 * source.shape[1]
        down, across = -(-height // TILE), -(-width // TILE)
        guide = F.adaptive_avg_pool2d(guidance[None], (height, width))
        keys = self._with_margin(self.range_proj(guide)[0].permute(1, 2, 0), down, across)
        keys = _tiles(keys, TILE, TILE + 2 * self.radius)
        colours = _tiles(_enlarged(guide[0].permute(1, 2, 0), down * TILE, across * TILE), TILE, TILE)
        vertical, horizontal = (_enlargement(n, self.radius, source) for n in source.shape[:2])
        before, reach = _coarse_reach(self.radius)
        coarse = F.pad(source, (0, 0, before, reach, before, reach))
        below = _tiles(coarse, TILE // 2, reach)
        step = max(1, TILES_AT_ONCE.get(source.device.type, TILES_AT_ONCE_DEFAULT) // across)
        for top in range(0, down, step):
            rows = slice(top, min(top + step, down))
            kernels = self._kernels(keys[rows, :across], colours[rows])
            # (t, u, tile rows, tile columns, kernel rows i, kernel columns j) -> coarse columns s, then coarse rows r
            mixing = torch.einsum("tuyxij,uxjs->tuyxis", kernels, horizontal)
            mixing = torch.einsum("tuyxis,tyir->tuyxrs", mixing, vertical[rows])
            fine = mixing.flatten(4).flatten(2, 3) @ below[rows, :across].flatten(2, 3)
            fine = torch.unflatten(fine, 2, (TILE, TILE)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
            yield fine[: height - top * TILE, :width]

    def range_kernels(self, keys: Tensor) -> Tensor:
        """Softmax over the kernel of how alike the projected colours are.

        Args:
            keys: (t, u, n, n, K) projected colours of tiles with their margins.

        Returns:
            (t, u, TILE, TILE, side, side) with sum 1 over the last two.
        """
        side = 2 * self.radius + 1
        inner = slice(self.radius, self.radius + TILE)
        middle = keys[:, :, inner, inner].flatten(2, 3)
        alike = middle @ keys.flatten(2, 3).transpose(2, 3)
        alike = torch.unflatten(torch.unflatten(alike, 3, keys.shape[2:4]), 2, (TILE, TILE))
        # Element (y, x, i, j) of the kernels is (y, x, y + i, x + j) of the products: a view with summed strides.
        tile_row, tile_column, y, x, i, j = alike.stride()
        shape = (*alike.shape[:4], side, side)
        near = alike.as_strided(shape, (tile_row, tile_column, y + i, x + j, i, j)).flatten(4)
        scale = self.range_temp.exp().clamp(*TEMPERATURES)
        return torch.unflatten((near * scale).softmax(dim=-1), 4, (side, side))

    def spatial_kernel(self) -> Tensor:
        """Return the Gaussian of the distance (side, side), 1 in the middle."""
        line = torch.linspace(-1, 1, 2 * self.radius + 1, device=self.sigma_spatial.device)
        return torch.exp(-(line[:, None] ** 2 + line**2) / (2 * self.sigma_spatial**2))

    def _kernels(self, keys: Tensor, colours: Tensor) -> Tensor:
        kernels = (self.range_kernels(keys) * self.spatial_kernel()).flatten(4)
        kernels = kernels / kernels.sum(dim=-1, keepdim=True).clamp(min=SMALLEST_SUM)
        first, activation, _, second = self.fixup_proj
        hidden = activation(_per_pixel(first, torch.cat((kernels, colours), dim=-1)))
        side = 2 * self.radius + 1
        return torch.unflatten(kernels + FIX * _per_pixel(second, hidden), 4, (side, side))

    def _with_margin(self, keys: Tensor, down: int, across: int) -> Tensor:
        """Reflect keys (H, W, K) at the image's edges, and fill whole tiles."""
        rows, columns = (_reflected(n, self.radius, keys.device) for n in keys.shape[:2])
        return _enlarged(keys[rows][:, columns], *(n * TILE + 2 * self.radius for n in (down, across)))


def _perceptron(inputs: int, outputs: int) -> nn.Sequential:
    # The identity holds the place of the dropout with which these were trained; the published names count it.
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.GELU(), nn.Identity(), nn.Conv2d(outputs, outputs, 1))


def _per_pixel(layer: nn.Module, pixels: Tensor) -> Tensor:
    """Apply a 1 x 1 convolution to pixels (..., channels)."""
    assert isinstance(layer, nn.Conv2d)
    return F.linear(pixels, layer.weight[:, :, 0, 0], layer.bias)


def _tiles(pixels: Tensor, step: int, side: int) -> Tensor:
    """Cut (H, W, C) into overlapping tiles (rows, columns, side, side, C), as a view."""
    return pixels.unfold(0, side, step).unfold(1, side, step).permute(0, 1, 3, 4, 2)


def _enlarged(pixels: Tensor, height: int, width: int) -> Tensor:
    """Add zeros below and to the right of (h, w, C)."""
    return F.pad(pixels, (0, 0, 0, width - pixels.shape[1], 0, height - pixels.shape[0]))


def _reflected(size: int, margin: int, device: torch.device) -> Tensor:
    """Return which of ``size`` pixels lie at -margin .. size + margin - 1, mirrored as often as needed."""
    period = max(2 * (size - 1), 1)
    index = torch.arange(-margin, size + margin, device=device).abs() % period
    return torch.minimum(index, period - index) if size > 1 else torch.zeros_like(index)


def _coarse_reach(radius: int) -> tuple[int, int]:
    """Return how many coarse pixels a tile needs before its first one, and how many in all.

    Fine pixel y lies at coarse y / 2 - 1/4, and a bicubic sample takes the pixel below, one before it and two after.
    """
    first = (-2 * radius - 1) // 3
    last = (2 * (TILE - 1 + radius) - 1) // 4 + 2
    return -first, last - first + 1


def _enlargement(size: int, radius: int, like: Tensor) -> Tensor:
    """Return, per tile and fine pixel of one axis, the bicubic weights of the tile's coarse pixels for each tap.

    Returns:
        (tiles, TILE, taps, coarse pixels of a tile).
    """
    identity = torch.eye(size, dtype=like.dtype, device=like.device)[None, None]
    weights = F.interpolate(identity, (2 * size, size), mode="bicubic")[0, 0]
    weights = weights[_reflected(2 * size, radius, like.device)]
    tiles = -(-2 * size // TILE)
    before, reach = _coarse_reach(radius)
    weights = F.pad(weights, (before, reach, 0, tiles * TILE - 2 * size))
    tile, pixel, tap, coarse = torch.meshgrid(
        *(torch.arange(n, device=like.device) for n in (tiles, TILE, 2 * radius + 1, reach)), indexing="ij"
    )
    return weights[tile * TILE + pixel + tap, tile * (TILE // 2) + coarse]
