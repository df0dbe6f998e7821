"""Where windows stand: integer pixels, counted from the raster's origin."""

from __future__ import annotations

import math


def starts(length: int, tile: int, overlap: float) -> list[int]:
    """Place windows along one side of a raster.

    The first window starts at 0, the last one ends with the raster, and the steps between are spread evenly, so that
    no window is computed twice and none hangs over the end.

    Args:
        length: Side of the raster in pixels, >= 1.
        tile: Side of a window in pixels, >= 1.
        overlap: Smallest overlap of neighbours as a share of the tile, in [0, 1).

    Returns:
        First pixel of each window, strictly increasing; ``[0]`` where the raster is not larger than the tile.

    Raises:
        ValueError: An argument is out of its range.
    """
    step = _stride(length, tile, overlap)
    spare = length - tile
    if spare <= 0:
        return [0]
    steps = math.ceil(spare / step)
    # Rounded down in integers: the same on every machine, and no step is longer than the stride.
    return [number * spare // steps for number in range(steps + 1)]


def fixed_starts(length: int, tile: int, overlap: float) -> list[int]:
    """Place windows along one side as published with Paraformer (Li et al., CVPR 2024) and SegEarth-OV (CVPR 2025).

    The stride never changes, and one more window ends with the raster, however close it comes to the one before.

    Args:
        length: Side of the raster in pixels, >= 1.
        tile: Side of a window in pixels, >= 1.
        overlap: Overlap of neighbours as a share of the tile, in [0, 1).

    Returns:
        First pixel of each window, strictly increasing; ``[0]`` where the raster is not larger than the tile.

    Raises:
        ValueError: An argument is out of its range.
    """
    last = max(0, length - tile)
    return [*range(0, last, _stride(length, tile, overlap)), last]


def padded_starts(length: int, tile: int, overlap: float) -> list[int]:
    """Place windows along one side as published with RS3DAda (Song et al., NeurIPS 2024).

    The stride never changes and the last window hangs over the end. Where the raster is shorter than the overlap or as
    short, the published rule comes to no window at all.

    Args:
        length: Side of the raster in pixels, >= 1.
        tile: Side of a window in pixels, >= 1.
        overlap: Overlap of neighbours as a share of the tile, in [0, 1).

    Returns:
        First pixel of each window, strictly increasing; empty for sides of at most ``tile - stride`` pixels.

    Raises:
        ValueError: An argument is out of its range.
    """
    step = _stride(length, tile, overlap)
    return [step * number for number in range(math.ceil((length - tile) / step) + 1)]


def stride(tile: int, overlap: float) -> int:
    """Return the largest step of windows that overlap by a share of the tile, in pixels."""
    return max(1, math.floor(tile * (1 - overlap)))


def _stride(length: int, tile: int, overlap: float) -> int:
    if length < 1 or tile < 1 or not 0 <= overlap < 1:
        raise ValueError(f"length {length}, tile {tile} and overlap {overlap} do not make a grid")
    return stride(tile, overlap)
