"""Cut large images into windows that class activation maps are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from landwright.rasters import Window

WHOLE = 32
"""Longest side in tokens of an image that is looked at as a whole: time grows with the square of their number."""


@dataclass(frozen=True)
class Piece:
    """What the network is shown at a time.

    Attributes:
        shown: Window of the raster.
        kept: Part of it that no piece before has covered.
    """

    shown: Window
    kept: Window

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of what is kept, in the raster."""
        return _slices(self.kept, 0, 0)

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of what is kept, in what is shown."""
        return _slices(self.kept, self.shown.row, self.shown.col)


def pieces(region: Window, tile: int, whole: int) -> list[Piece]:
    """Cut a region.

    Args:
        region: Part of a raster.
        tile: Side of the windows in pixels.
        whole: A region whose longer side is not longer than this is one piece.

    Returns:
        Windows inside the region, the last of a row or column shifted inwards so that it is as large as the others.
        What is kept of them covers the region once.
    """
    if max(region.height, region.width) <= whole:
        return [Piece(region, region)]
    return [
        Piece(Window(top, left, min(tile, region.height), min(tile, region.width)), Window(row, col, height, width))
        for top, row, height in _cuts(region.row, region.height, tile)
        for left, col, width in _cuts(region.col, region.width, tile)
    ]


def _cuts(start: int, length: int, tile: int) -> Iterator[tuple[int, int, int]]:
    """Yield where windows begin along one side, where what is kept begins, and how long that is."""
    for first in range(start, start + length, tile):
        end = min(first + tile, start + length)
        yield max(start, end - tile), first, end - first


def _slices(window: Window, row: int, col: int) -> tuple[slice, slice]:
    top, left = window.row - row, window.col - col
    return slice(top, top + window.height), slice(left, left + window.width)
