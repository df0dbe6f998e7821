"""Cut rasters into windows that keep memory flat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from landwright.rasters import Window

WIDTH = 4096
PIXELS = 2**20


def chunks(regions: Iterable[Window]) -> Iterator[Window]:
    """Yield windows of at most about a million pixels that cover the regions once.

    Args:
        regions: Disjoint windows of one raster.
    """
    for region in regions:
        width = min(WIDTH, region.width)
        height = max(1, PIXELS // width)
        for row in range(region.row, region.row + region.height, height):
            for col in range(region.col, region.col + region.width, width):
                bottom, right = region.row + region.height, region.col + region.width
                yield Window(row, col, min(height, bottom - row), min(width, right - col))
