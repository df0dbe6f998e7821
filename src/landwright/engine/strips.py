"""Read a raster once, from top to bottom, in strips as high as a window."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

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
        pixels: (C, tile, width) in sensor units.
        valid: (tile, width).
    """

    row: int
    pixels: NDArray[Any]
    valid: NDArray[np.bool_]


def read_strips(
    reader: Reader, rows: Sequence[int], tile: int, width: int, *, left: int = 0, black: bool = False
) -> Generator[Strip]:
    """Read strip after strip in a thread of its own, one ahead of the consumer; no row is read twice.

    What windows need beyond the raster's end is its reflection, or black.

    GDAL does not allow two threads in one handle: between the first and the last strip nobody else may read.

    Args:
        reader: The raster.
        rows: First row of each strip, increasing.
        tile: Height of a strip.
        width: Width of a strip, which may reach beyond the raster.
        left: First column of the strips.
        black: Fill with invalid zeros instead.

    Yields:
        One strip for each of ``rows``.
    """
    height = reader.shape[0]
    known_width = min(reader.shape[1] - left, width)
    mode: Literal["constant", "reflect"] = "constant" if black else "reflect"
    above: list[tuple[int, NDArray[Any], NDArray[np.bool_]]] = []

    def read(row: int) -> Strip:
        stop = min(row + tile, height)
        known = 0
        if above:
            last_row, last_pixels, last_valid = above.pop()
            known = max(0, last_row + tile - row)
        pixels, valid = reader.read_with_valid(Window(row + known, left, stop - row - known, known_width))
        if known:
            pixels = np.concatenate([last_pixels[:, tile - known :], pixels], axis=1)
            valid = np.concatenate([last_valid[tile - known :], valid], axis=0)
        above.append((row, pixels, valid))
        fill = ((0, row + tile - stop), (0, width - known_width))
        if any(after for _, after in fill):
            pixels = np.pad(pixels, ((0, 0), *fill), mode=mode)
            valid = np.pad(valid, fill, mode=mode)
        return Strip(row, pixels, valid)

    return ahead(read, rows)


def ahead(function: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
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
