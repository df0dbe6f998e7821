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
    if length < 1 or tile < 1 or not 0 <= overlap < 1:
        raise ValueError(f"length {length}, tile {tile} and overlap {overlap} do not make a grid")
    spare = length - tile
    if spare <= 0:
        return [0]
    stride = max(1, math.floor(tile * (1 - overlap)))
    steps = math.ceil(spare / stride)
    # Rounded down in integers: the same on every machine, and no step is longer than the stride.
    return [step * spare // steps for step in range(steps + 1)]


def redundancy(height: int, width: int, tile: int, overlap: float) -> float:
    """Return how often a pixel goes through the network on average; 1 is the floor."""
    windows = len(starts(height, tile, overlap)) * len(starts(width, tile, overlap))
    return windows * tile * tile / (height * width)
