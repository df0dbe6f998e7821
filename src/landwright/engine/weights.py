"""Weights of whole windows; at every pixel they sum to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from landwright.rasters.blend import Blend, Separable, partition

CENTRE = 5.0
"""Weight of a window's central half in the kernel published with Paraformer; that of its rim is 1."""


class Weights(Protocol):
    """Gives the weights of one window."""

    def __call__(self, down: int, across: int) -> Tensor:
        """Return float32 (tile, tile) weights of the window in row ``down`` and column ``across`` of the grid."""


def window_weights(
    tile: int, rows: Sequence[int], cols: Sequence[int], blend: Blend, device: torch.device | str = "cpu"
) -> Weights:
    """Weigh the windows of a grid.

    Args:
        tile: Side of a window in pixels.
        rows: First row of the windows, increasing, without gaps.
        cols: First column of the windows, increasing, without gaps.
        blend: How the windows are mixed.
        device: Where the weights are wanted.

    Returns:
        The weights of any window; those of all windows on a pixel sum to 1.
    """
    place = torch.device(device)
    return (
        KernelWeights(tile, rows, cols, place)
        if blend == "paraformer"
        else OuterWeights(tile, rows, cols, blend, place)
    )


class OuterWeights:
    """Weights that are the product of one weight by row and one by column (`blend.partition`)."""

    def __init__(
        self, tile: int, rows: Sequence[int], cols: Sequence[int], blend: Separable, device: torch.device
    ) -> None:
        """Compute the weights along both sides."""
        self._down, self._across = (
            torch.from_numpy(partition(tile, places, blend)).to(device) for places in (rows, cols)
        )

    def __call__(self, down: int, across: int) -> Tensor:
        """Return (tile, tile) weights."""
        return torch.outer(self._down[down], self._across[across])


class KernelWeights:
    """One kernel for every window, divided by the sum of all kernels on a pixel, as published with Paraformer.

    The kernel is 5 in the window's central half in both directions, 1 in the rest (Li et al., CVPR 2024), that is
    1 + 4 a(row) a(column) with ``a`` 1 in the central half of one side. Its sum over the grid is therefore the sum of
    two products of counts by row and counts by column: whole numbers, known before a window is computed.
    """

    def __init__(self, tile: int, rows: Sequence[int], cols: Sequence[int], device: torch.device) -> None:
        """Count the windows, and their central halves, along both sides."""
        self._tile, self._rows, self._cols = tile, rows, cols
        whole, centre = torch.ones(tile), torch.zeros(tile)
        centre[tile // 4 : tile - tile // 4] = 1
        self._kernel = (1 + (CENTRE - 1) * torch.outer(centre, centre)).to(device)
        self._counts = [
            (factor * _count(side, rows).to(device), _count(side, cols).to(device))
            for factor, side in ((1, whole), (CENTRE - 1, centre))
        ]

    def __call__(self, down: int, across: int) -> Tensor:
        """Return (tile, tile) weights."""
        row, col = self._rows[down], self._cols[across]
        return self._kernel / self.total(row, row + self._tile, col, col + self._tile)

    def total(self, top: int, bottom: int, left: int, right: int) -> Tensor:
        """Return the sum of all kernels on a rectangle of the raster, float32 (bottom - top, right - left)."""
        whole, centre = (torch.outer(by_row[top:bottom], by_col[left:right]) for by_row, by_col in self._counts)
        return whole.add_(centre)


def _count(side: Tensor, places: Sequence[int]) -> Tensor:
    total = torch.zeros(places[-1] + len(side))
    for place in places:
        total[place : place + len(side)] += side
    return total
