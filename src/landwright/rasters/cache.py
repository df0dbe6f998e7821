"""How large GDAL's cache of decoded blocks is: as large as what is read at a time.

There is one cache in a process. What it holds beyond the blocks that the next window may touch again is memory for
nothing; a smaller one has blocks decoded again and again.
"""

from __future__ import annotations

from weakref import finalize

from landwright.rasters.info import RasterInfo
from landwright.rasters.window import Window

MOST = 64 * 2**20
"""Largest size in bytes, and the size where nobody says what is read."""

_OTHERS = 8 * 2**20
"""For what is written meanwhile."""

_needs: dict[int, int] = {}  # by the identity of the raster; rasters are read in several threads


def cache_bytes() -> int:
    """Return the size of the cache for the rasters that are open in this process."""
    needs = tuple(_needs.values())  # in one go, whoever else writes
    return min(MOST, _OTHERS + sum(needs)) if needs else MOST


def wants(raster: object, size: int) -> None:
    """Let the cache hold so many bytes more for as long as a raster is open; of several sizes the largest counts."""
    key = id(raster)
    if key not in _needs:
        finalize(raster, _needs.pop, key, None)
    if size > _needs.get(key, 0):
        _needs[key] = size


def forget(raster: object) -> None:
    """Let the cache hold nothing more for a raster."""
    _needs.pop(id(raster), None)


def touched_bytes(info: RasterInfo, itemsize: int, window: Window) -> int:
    """Return the decoded size of all blocks of a file that a window touches, with all bands.

    Args:
        info: The file.
        itemsize: Bytes of a value.
        window: What is read.
    """
    rows, cols = (
        (-(-(first + length) // block) - first // block) * block
        for first, length, block in zip(
            (window.row, window.col), (window.height, window.width), info.block, strict=True
        )
    )
    return rows * cols * info.count * itemsize
