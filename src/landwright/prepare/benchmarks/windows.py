"""Where the crops of a scene lie, as the published converters place them."""

from __future__ import annotations

from landwright.data.benchmarks import Crop
from landwright.rasters import Window


def crop_starts(length: int, size: int, step: int) -> list[int]:
    """Place crops along one side of a scene.

    They start at multiples of the step; those that reach beyond the scene are shifted back into it, and of several
    that come to lie on each other one is kept. The published ISPRS converters name a stride of 256, but place crops
    of 512 at multiples of 512.

    Args:
        length: Side of the scene in pixels, at least `size`.
        size: Side of a crop in pixels.
        step: Distance of neighbours in pixels.

    Returns:
        First pixel of each crop, rising.
    """
    return sorted({min(start, length - size) for start in range(0, length, step)})


def crop_windows(shape: tuple[int, int], crop: Crop) -> list[Window]:
    """Windows of a scene's crops, row by row; those of a scene that is to be filled up reach beyond it."""
    rows = crop_starts(max(shape[0], crop.height), crop.height, crop.height - crop.overlap)
    columns = crop_starts(max(shape[1], crop.width), crop.width, crop.width - crop.overlap)
    return [Window(row, column, crop.height, crop.width) for row in rows for column in columns]
