"""Read a raster once, from top to bottom, in strips as high as a window."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
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
    reader: Reader,
    rows: Sequence[int],
    tile: int,
    width: int,
    *,
    thread: ThreadPoolExecutor,
    left: int = 0,
    black: bool = False,
) -> Generator[Strip]:
    """Read strip after strip in another thread, one ahead of the consumer; no row is read twice.

    What windows need beyond the raster's end is its reflection, or black.

    Two strips take turns in the same memory: what is asked of the system anew for every strip ends up scattered between
    GDAL's blocks, which stay, and is not given back.

    GDAL does not allow two threads in one handle: between the first and the last strip nobody else may read.

    Args:
        reader: The raster.
        rows: First row of each strip, increasing.
        tile: Height of a strip.
        width: Width of a strip, which may reach beyond the raster.
        thread: Reads; one job at a time.
        left: First column of the strips.
        black: Fill with invalid zeros instead.

    Yields:
        One strip for each of ``rows``, valid until the next is asked for.
    """
    height = reader.shape[0]
    known_width = min(reader.shape[1] - left, width)
    mode: Literal["constant", "reflect"] = "constant" if black else "reflect"
    turns: list[Strip] = []  # the last two, the older one first

    def read(row: int) -> Strip:
        stop = min(row + tile, height)
        above = turns[-1] if turns else None
        known = 0 if above is None else max(0, above.row + tile - row)
        pixels, valid = reader.read_with_valid(Window(row + known, left, stop - row - known, known_width))
        strip = _space(row, turns.pop(0) if len(turns) > 1 else None, pixels, tile)
        if above is not None:
            strip.pixels[:, :known] = above.pixels[:, tile - known :]
            strip.valid[:known] = above.valid[tile - known :]
        strip.pixels[:, known : stop - row] = pixels
        strip.valid[known : stop - row] = valid
        turns.append(strip)
        fill = ((0, row + tile - stop), (0, width - known_width))
        if not any(after for _, after in fill):
            return strip
        return Strip(
            row,
            np.pad(strip.pixels[:, : stop - row], ((0, 0), *fill), mode=mode),
            np.pad(strip.valid[: stop - row], fill, mode=mode),
        )

    return ahead(read, rows, thread)


def _space(row: int, used: Strip | None, pixels: NDArray[Any], tile: int) -> Strip:
    """Return a strip without content, in the memory of one that is no longer wanted."""
    if used is not None:
        return Strip(row, used.pixels, used.valid)
    bands, _, width = pixels.shape
    return Strip(row, np.empty((bands, tile, width), pixels.dtype), np.empty((tile, width), np.bool_))


def ahead(function: Callable[[T], R], items: Iterable[T], thread: ThreadPoolExecutor) -> Generator[R]:
    """Yield ``function(item)`` in order, computed in another thread, one result ahead of the consumer.

    However it ends, nothing is computed any more.
    """
    pending: list[Future[R]] = []
    try:
        for item in items:
            pending.append(thread.submit(function, item))
            if len(pending) > 1:
                yield pending.pop(0).result()
        for last in pending:
            yield last.result()
    finally:
        wait(pending)
