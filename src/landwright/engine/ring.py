"""Sums of overlapping windows in memory that does not grow with the raster's height."""

from __future__ import annotations

from collections.abc import Iterator

import torch

_ROWS = 64
"""Rows handed out at a time, at most."""

_PIECE = 8 * 2**20
"""Bytes handed out at a time: few enough to stay in a processor's cache, as what is made of them is as large."""


class RingBuffer:
    """Weighted sums (K, tile, width), addressed by raster row modulo tile.

    Rows that no later window touches are taken out and their place is used again further down.

    Args:
        channels: Number K of score maps.
        tile: Side of a window, which is the number of rows kept.
        width: Columns.
        device: Where the sums are.
    """

    def __init__(self, channels: int, tile: int, width: int, device: torch.device) -> None:
        """Reserve the memory."""
        self._sums = torch.zeros((channels, tile, width), dtype=torch.float32, device=device)
        self._tile = tile
        self._rows = max(1, min(_ROWS, _PIECE // self._sums[:, 0].nbytes))

    def add(self, scores: torch.Tensor, row: int, col: int, weights: torch.Tensor) -> None:
        """Add one window.

        Args:
            scores: (K, tile, tile) float32.
            row: First row in the raster.
            col: First column in the raster.
            weights: (tile, tile) weights.
        """
        top = row % self._tile
        below = self._tile - top
        columns = slice(col, col + self._tile)
        self._sums[:, top:, columns].addcmul_(scores[:, :below], weights[:below])
        if top:
            self._sums[:, :top, columns].addcmul_(scores[:, below:], weights[below:])

    def take(self, start: int, stop: int) -> Iterator[tuple[int, torch.Tensor]]:
        """Hand out finished rows piece by piece and clear them.

        Args:
            start: First raster row.
            stop: Raster row after the last, at most ``start + tile``.

        Yields:
            First raster row of a piece, and its sums (K, n, width), valid until the next piece is asked for.
        """
        row = start
        while row < stop:
            top = row % self._tile
            count = min(self._rows, stop - row, self._tile - top)
            piece = self._sums[:, top : top + count]
            yield row, piece
            piece.zero_()
            row += count
