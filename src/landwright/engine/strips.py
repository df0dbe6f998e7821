"""Read a raster once, from top to bottom, in strips as high as a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Reader
from landwright.rasters import Window

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Strip:
    """All pixels that one row of windows needs.

    Attributes:
        row: First row in the raster.
        pixels: (C, tile, max(tile, width)) in sensor units; small rasters are reflected downwards and to the right.
        valid: (tile, max(tile, width)).
    """

    row: int
    pixels: NDArray[Any]
    valid: NDArray[np.bool_]


def read_strips(reader: Reader, rows: Sequence[int], tile: int) -> Iterator[Strip]:
    """Read strip after strip in a thread of its own, one ahead of the consumer; no row is read twice.

    GDAL does not allow two threads in one handle: between the first and the last strip nobody else may read.

    Args:
        reader: The raster.
        rows: First row of each strip, increasing.
        tile: Height of a strip.

    Yields:
        One strip for each of ``rows``.
    """
    height, width = reader.shape
    fill = ((0, max(0, tile - height)), (0, max(0, tile - width)))
    above: list[tuple[int, NDArray[Any], NDArray[np.bool_]]] = []

    def read(row: int) -> Strip:
        stop = min(row + tile, height)
        known = 0
        if above:
            last_row, last_pixels, last_valid = above.pop()
            known = max(0, last_row + tile - row)
        pixels, valid = reader.read_with_valid(Window(row + known, 0, stop - row - known, width))
        if known:
            pixels = np.concatenate([last_pixels[:, tile - known :], pixels], axis=1)
            valid = np.concatenate([last_valid[tile - known :], valid], axis=0)
        above.append((row, pixels, valid))
        if any(after for _, after in fill):
            pixels = np.pad(pixels, ((0, 0), *fill), mode="reflect")
            valid = np.pad(valid, fill, mode="reflect")
        return Strip(row, pixels, valid)

    return ahead(read, rows)


def ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``function(item)`` in order, computed in one other thread, one result ahead of the consumer."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="landwright-reader") as thread:
        pending = None
        for item in items:
            following = thread.submit(function, item)
            if pending is not None:
                yield pending.result()
            pending = following
        if pending is not None:
            yield pending.result()
