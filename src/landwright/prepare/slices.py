"""Where the slices of a tile begin."""

from __future__ import annotations

from landwright.errors import UsageError
from landwright.rasters import Window


def slice_starts(length: int, size: int, *, paper: bool = False) -> list[int]:
    """Place as few slices as cover one side of a tile, evenly.

    The published script (SynRS3D, ``crop_isprs.py``) rounds the step down once, so that up to n - 1 pixels at the end
    lie in none of the n slices: 10 of 6000. Here the last slice ends with the tile.

    Args:
        length: Side of the tile in pixels.
        size: Side of a slice in pixels.
        paper: Place them as published.

    Returns:
        First pixel of each slice, rising.

    Raises:
        UsageError: If the tile is smaller than a slice.
    """
    if not 1 <= size <= length:
        raise UsageError(
            f"a slice of {size} pixels does not fit into a side of {length}", remedy="Choose a smaller size"
        )
    spare, steps = length - size, (length - 1) // size
    if not steps:
        return [0]
    return [step * (spare // steps) if paper else step * spare // steps for step in range(steps + 1)]


def slice_windows(shape: tuple[int, int], size: int, *, paper: bool = False) -> list[Window]:
    """Windows of the slices of a tile, row by row; see `slice_starts`."""
    rows, columns = (slice_starts(length, size, paper=paper) for length in shape)
    return [Window(row, column, size, size) for row in rows for column in columns]
