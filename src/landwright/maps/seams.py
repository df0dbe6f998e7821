"""Join the pieces of polygons that blocks cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.maps.pieces import Polygons
from landwright.rasters import Window


@dataclass(frozen=True)
class Pieces:
    """Polygons, or what a block holds of them.

    Attributes:
        polygons: (n,) polygons in the map's pixels (x = column, y = row).
        codes: (n,) code of the class.
        bounds: (n, 4) left, top, right, bottom of the pixels that they are made of.
    """

    polygons: Polygons
    codes: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        """Return their number."""
        return len(self.polygons)

    def take(self, places: NDArray[Any]) -> Pieces:
        """Return some of them."""
        return Pieces(self.polygons[places], self.codes[places], self.bounds[places])


def pieces(polygons: Polygons, codes: NDArray[np.int64]) -> Pieces:
    """Return polygons along rows and columns with their bounds."""
    return Pieces(polygons, codes, shapely.bounds(polygons).reshape(-1, 4).astype(np.int64))


def concatenate(parts: Iterable[Pieces]) -> Pieces:
    """Return all of several, in order."""
    many = [
        Pieces(np.array([], object), np.array([], np.int64), np.empty((0, 4), np.int64)),
        *(part for part in parts if len(part)),
    ]
    return Pieces(
        np.concatenate([part.polygons for part in many]),
        np.concatenate([part.codes for part in many]),
        np.concatenate([part.bounds for part in many]),
    )


class Joiner:
    """Takes blocks from left to right and top to bottom, and gives polygons back as soon as they are whole.

    Pieces of one class that share an edge of a pixel across a seam are one polygon. Only pieces that reach the line
    between done and open ground are kept.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        """Begin.

        Args:
            shape: (height, width) of the map in pixels.
        """
        self._height, self._width = shape
        self._open: dict[int, Pieces] = {}
        self._parent: dict[int, int] = {}
        self._next = 0
        self._above = _Line(self._width)
        self._below = _Line(self._width)
        self._left = _Line(0)

    def add(self, block: Window, found: Pieces) -> Pieces:
        """Take the pieces of the next block; return those that no seam cuts."""
        bottom, right = block.row + block.height, block.col + block.width
        left_edge, top_edge, right_edge, bottom_edge = found.bounds.T
        cut = (left_edge == block.col) & (block.col > 0)
        cut |= (top_edge == block.row) & (block.row > 0)
        cut |= (right_edge == right) & (right < self._width)
        cut |= (bottom_edge == bottom) & (bottom < self._height)
        waiting = found.take(cut)
        names = np.arange(self._next, self._next + len(waiting))
        self._next += len(waiting)
        for place, name in enumerate(names.tolist()):
            self._open[name] = waiting.take(np.array([place]))
            self._parent[name] = name
        edges = _edges(waiting.polygons)
        here = slice(block.col, right)
        top = _Line(block.width).fill(edges, 1, block.row, block.col, names, waiting.codes)
        left = _Line(block.height).fill(edges, 0, block.col, block.row, names, waiting.codes)
        self._unite(top, self._above.part(here))
        if block.col > 0:
            self._unite(left, self._left)
        if bottom < self._height:
            self._below.part(here).fill(edges, 1, bottom, block.col, names, waiting.codes)
        self._left = _Line(block.height).fill(edges, 0, right, block.row, names, waiting.codes)
        return found.take(~cut)

    def end_row(self) -> list[Pieces]:
        """Close a row of blocks; return the pieces of each polygon that is whole now."""
        live = {name: self._root(name) for name in np.unique(self._below.names).tolist() if name >= 0}
        groups: dict[int, list[int]] = {}
        for name in self._open:
            groups.setdefault(self._root(name), []).append(name)
        kept = set(live.values())
        done = []
        for root, members in groups.items():
            if root not in kept:
                done.append(concatenate(self._open.pop(name) for name in members))
                for name in members:
                    del self._parent[name]
        self._above, self._below = self._below, _Line(self._width)
        return done

    def _unite(self, line: _Line, other: _Line) -> None:
        touching = (line.names >= 0) & (other.names >= 0) & (line.codes == other.codes)
        for one, two in np.unique(np.stack([line.names[touching], other.names[touching]]), axis=1).T.tolist():
            self._parent[self._root(one)] = self._root(two)

    def _root(self, name: int) -> int:
        root = name
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[name] != root:
            self._parent[name], name = root, self._parent[name]
        return root


def join(parts: Pieces) -> tuple[shapely.Polygon, int, NDArray[np.int64]]:
    """Return one polygon of its pieces, its code and its bounds."""
    code = int(parts.codes[0])
    bounds = np.concatenate([parts.bounds[:, :2].min(axis=0), parts.bounds[:, 2:].max(axis=0)])
    if len(parts) == 1:
        return parts.polygons[0], code, bounds
    # Holes never reach a seam, so that shells alone have to be joined.
    shells = shapely.polygons(shapely.get_exterior_ring(parts.polygons))
    whole: Any = shapely.union_all(shells)
    rings = shapely.get_rings(parts.polygons)
    counts = shapely.get_num_interior_rings(parts.polygons)
    if counts.any():
        first = np.cumsum(np.append(0, counts[:-1] + 1))
        holes = np.delete(rings, first)
        whole = shapely.polygons(whole.exterior, [*whole.interiors, *holes])
    return whole, code, bounds


class _Line:
    """The pixels along a line: which piece each belongs to, and of which class; -1 for none."""

    def __init__(self, length: int) -> None:
        self.names = np.full(length, -1, np.int64)
        self.codes = np.zeros(length, np.int64)

    def part(self, which: slice) -> _Line:
        """Return a part that shares its memory with this line."""
        part = _Line(0)
        part.names, part.codes = self.names[which], self.codes[which]
        return part

    def fill(
        self, edges: _Edges, axis: int, at: int, start: int, names: NDArray[np.int64], codes: NDArray[np.int64]
    ) -> _Line:
        """Enter the pieces with an edge on the line.

        Args:
            edges: Edges of the pieces.
            axis: 1 for a line along a row, 0 along a column.
            at: The row or column.
            start: Where along it the line begins.
            names: Names of the pieces.
            codes: Their classes.
        """
        starts, ends, owner = edges
        on = (starts[:, axis] == at) & (ends[:, axis] == at)
        one, two = starts[on, 1 - axis], ends[on, 1 - axis]
        low, high, owner = np.minimum(one, two).astype(int), np.maximum(one, two).astype(int), owner[on]
        lengths = high - low
        places = np.arange(lengths.sum()) + np.repeat(low - start - (np.cumsum(lengths) - lengths), lengths)
        self.names[places] = np.repeat(names[owner], lengths)
        self.codes[places] = np.repeat(codes[owner], lengths)
        return self


_Edges = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def _edges(polygons: Polygons) -> _Edges:
    """Start and end of all edges of shells, (m, 2) each, and (m,) the polygon."""
    points, owner = shapely.get_coordinates(shapely.get_exterior_ring(polygons), return_index=True)
    within = owner[1:] == owner[:-1]
    return points[:-1][within], points[1:][within], owner[1:][within]
