"""The view from aside: what every pixel of a leaning camera sees of the place."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from landwright.world.noise import Floats, Mask

Indices = NDArray[np.intp]
Item = TypeVar("Item", bound=np.generic)


class Lean(NamedTuple):
    """How the camera leans.

    Attributes:
        angle: Off-nadir angle in radians; 0 looks straight down.
        azimuth: Where the tops of things lean to in the picture, clockwise from north, in radians.
    """

    angle: float
    azimuth: float


class Sight(NamedTuple):
    """What each pixel sees; all (H, W).

    Attributes:
        rows: Row of the point of the map that is seen.
        cols: Its column.
        height: Height above ground at which it is seen, in metres: the roof's, or that of a spot on a wall.
        wall: Whether a side is seen, not a top.
    """

    rows: Indices
    cols: Indices
    height: Floats
    wall: Mask


def look(height: Floats, gsd: float, lean: Lean) -> Sight:
    """Follow the ray of every pixel down to the first thing that it meets.

    The picture is laid on the ground, as an orthophoto on a terrain model: ground stays where it is and a top at height
    h moves by ``h tan(angle)``. A ray leaves the ground at its own pixel; ``s`` pixels against the lean it is
    ``s gsd / tan(angle)`` high. It sees the highest ``s`` at which something is as high as the ray. The search halves
    its range again and again, by maxima over runs of 1, 2, 4, ... pixels, so that n pixels take log2(n) passes. Beyond
    the edge the place is mirrored.

    Args:
        height: Heights above ground in metres, float32 (N, N), at least 0, north up.
        gsd: Metres per pixel.
        lean: The camera; its angle is above 0.

    Returns:
        What is seen. The height is the one that SynRS3D takes from the length of the ray.
    """
    down, right = -np.cos(lean.azimuth), np.sin(lean.azimuth)
    # Turn and mirror the picture so that things lean to the right, by at most one row per column.
    turned, mirrored = abs(down) > abs(right), max(down, right, key=abs) < 0
    along, aside = (down, right) if turned else (right, down)
    straight = _orient(height, turned, mirrored)
    slant = float(aside / abs(along))
    step = gsd * float(np.hypot(1, slant)) / np.tan(lean.angle)  # metres that the ray climbs per column
    steps = _search(straight / np.float32(step) + np.float32(0.5), slant)  # tops move by the nearest whole step
    size = height.shape[0]
    lines, cols = _point(steps, slant)
    found = straight[lines, cols]
    # A side is where the ray comes in below the top and what stands before it is lower than a slope would be.
    rise = found - straight[_point(steps + 1, slant)]
    wall = (found - steps * step >= 0.5 * step) & (rise > 1.2 * gsd)
    seen = np.where(wall, np.maximum(steps, 0.25) * step, found).astype(np.float32)
    rows, columns = (lines, size - 1 - cols if mirrored else cols)
    if turned:
        rows, columns = columns, rows
    return Sight(
        _orient(rows, turned, mirrored, back=True),
        _orient(columns, turned, mirrored, back=True),
        _orient(seen, turned, mirrored, back=True),
        _orient(wall, turned, mirrored, back=True),
    )


def _orient(values: NDArray[Item], turned: bool, mirrored: bool, *, back: bool = False) -> NDArray[Item]:
    if back:
        values = values[:, ::-1] if mirrored else values
        return values.T if turned else values
    values = values.T if turned else values
    return values[:, ::-1] if mirrored else values


def _point(steps: Indices, slant: float) -> tuple[Indices, Indices]:
    """Row and column that lie some steps against the lean of every pixel, (N, N) each."""
    row, col = np.indices(steps.shape)
    there = col - steps
    line = row - np.rint(slant * col).astype(np.intp) + np.rint(slant * there).astype(np.intp)
    return _reflect(line, len(steps)), _reflect(there, len(steps))


def _search(height: Floats, slant: float) -> Indices:
    """Find the highest step of every ray that meets something, (N, N).

    ``height`` counts in steps of the ray. The rows of the sheared copy are the digital lines that the rays follow.
    """
    size = height.shape[0]
    levels = max(1, int(min(float(height.max()), size)).bit_length())
    pad = 1 << levels
    columns = np.arange(-pad, size)
    shift = np.rint(slant * columns).astype(np.intp)
    first, last = int(-shift[pad:].max()), size - int(shift[pad:].min())
    source_rows = _reflect(np.arange(first, last)[:, None] + shift[None], size)
    sheared = height[source_rows, _reflect(columns, size)[None]]
    runs = [sheared]
    for level in range(levels - 1):
        run, width = runs[-1], 1 << level
        longer = run.copy()
        longer[:, width:] = np.maximum(run[:, width:], run[:, :-width] - np.float32(width))
        runs.append(longer)
    row, col = np.indices((size, size))
    line = row - shift[pad:][col] - first
    start = line * columns.size + col + pad
    step = np.zeros((size, size), np.intp)
    for level in reversed(range(levels)):
        farther = step + (1 << level)
        step = np.where(runs[level].ravel()[start - farther] >= farther, farther, step)
    return step


def _reflect(places: Indices, size: int) -> Indices:
    """Fold indices beyond the edge back into the picture."""
    folded = places % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)
