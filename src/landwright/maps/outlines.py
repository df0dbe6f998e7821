"""All polygons of a map of any size, block by block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from landwright.errors import DataError
from landwright.maps.coverage import OUTSIDE, TILE, simplified
from landwright.maps.pieces import canonical, ordered, trace
from landwright.maps.seams import Joiner, Pieces, concatenate, join, pieces
from landwright.rasters import Raster, Window

Progress = Callable[[int, int], None]

BLOCK = 1024
"""Pixels a side of a block."""


def outlines(
    raster: Raster,
    classes: Collection[int] | None,
    *,
    shared: float = 0.0,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> Iterator[Pieces]:
    """Yield the polygons of a map, some at a time, each as soon as it is whole.

    Connected pixels of one class are one polygon; those that touch at a corner only are two. The same polygons with
    the same points come out, in some order, whatever the blocks are; `in_order` has their order in the map.

    Args:
        raster: The map; one band of class codes.
        classes: Codes of the classes wanted; None for all. Nodata belongs to none.
        shared: Tolerance in pixels by which borders between polygons are simplified together; 0 keeps the pixels'
            steps. Blocks are then tiles of a fixed size, and all pixels of other classes are one ground outside.
        block: Pixels a side of a block.
        progress: Called with the pixels read and their number.

    Raises:
        DataError: The raster is damaged, or holds codes of more than 32 bits.
    """
    height, width = raster.shape
    side = TILE if shared > 0 else block
    joiner = Joiner(raster.shape)
    for row in range(0, height, side):
        for col in range(0, width, side):
            window = Window(row, col, min(side, height - row), min(side, width - col))
            if shared > 0:
                found = simplified(_around(raster, window, classes), row, col, shared)
            else:
                image = _codes(raster, window, classes)
                found = pieces(*trace(image, row, col, mask=image != OUTSIDE))
            yield _settled(joiner.add(window, found), steps=shared == 0)
            if progress is not None:
                progress(row * width + window.height * (col + window.width), height * width)
        yield _settled(_joined(joiner.end_row()), steps=shared == 0)


def in_order(bounds: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return places of polygons by their upper, then their left edge; no two polygons of a map have all edges alike.

    Args:
        bounds: (n, 4) left, top, right, bottom of their pixels.
    """
    left, top, right, bottom = bounds.T
    return np.lexsort((right, bottom, left, top))


def _joined(groups: list[Pieces]) -> Pieces:
    polygons, codes, bounds = np.empty(len(groups), object), np.zeros(len(groups), np.int64), []
    for place, parts in enumerate(groups):
        polygons[place], codes[place], whole = join(parts)
        bounds.append(whole)
    return Pieces(polygons, codes, np.array(bounds, np.int64).reshape(-1, 4))


def _settled(found: Pieces, *, steps: bool) -> Pieces:
    form = canonical if steps else ordered
    return Pieces(form(found.polygons), found.codes, found.bounds) if len(found) else concatenate([])


def _around(raster: Raster, window: Window, classes: Collection[int] | None) -> NDArray[np.int32]:
    """Codes of a window and of a pixel around it."""
    height, width = raster.shape
    image = np.full((window.height + 2, window.width + 2), OUTSIDE)
    top, left = max(0, window.row - 1), max(0, window.col - 1)
    bottom, right = min(height, window.row + window.height + 1), min(width, window.col + window.width + 1)
    codes = _codes(raster, Window(top, left, bottom - top, right - left), classes)
    row, col = top - window.row + 1, left - window.col + 1
    image[row : row + codes.shape[0], col : col + codes.shape[1]] = codes
    return image


def _codes(raster: Raster, window: Window, classes: Collection[int] | None) -> NDArray[np.int32]:
    pixels, valid = raster.read_with_valid(window)
    codes = pixels[0]
    wanted = valid if classes is None else valid & np.isin(codes, list(classes))
    chosen = codes[wanted]
    if chosen.size and (int(chosen.max()) >= 2**31 or int(chosen.min()) <= OUTSIDE):
        raise DataError(
            "holds class codes of more than 32 bits", path=raster.info.path, remedy="Number the classes from 0"
        )
    return np.where(wanted, codes, OUTSIDE).astype(np.int32)
