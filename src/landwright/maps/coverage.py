"""Simplify the borders between the classes of a map, so that neighbours still share them."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.maps.pieces import Polygons, assemble, corners, rings_of, trace
from landwright.maps.seams import Pieces, pieces

OUTSIDE = np.int32(-(2**31))
"""Value of pixels that belong to no polygon."""

TILE = 1024
"""Pixels a side of the tiles whose borders are simplified together. They are anchored at the raster's origin and the
same however a map is read or stored; a border stays where it crosses the line between two tiles."""


def simplified(image: NDArray[np.int32], row: int, col: int, tolerance: float) -> Pieces:
    """Outline a tile and simplify all borders in it together (Visvalingam and Whyatt).

    Corners go whose triangle is smaller than a square of the tolerance; borders neither cross nor part, and points
    where three polygons meet stay. So do the tile's own edges.

    Args:
        image: (h + 2, w + 2) codes of the tile and of one pixel around it; `OUTSIDE` where there is none.
        row: Row of the tile's first pixel in the map.
        col: Its column.
        tolerance: In pixels.
    """
    polygons, codes = trace(np.ascontiguousarray(image[1:-1, 1:-1]), 0, 0)
    # Ground outside takes part: without it, borders with it would be edges of the tile and stay.
    shared = _with_meeting_points(polygons, image)
    plain = shapely.coverage_simplify(shared, tolerance, simplify_boundary=False)
    wanted = codes != OUTSIDE
    found = pieces(polygons[wanted], codes[wanted])
    offset = np.array([col, row])
    moved = shapely.transform(plain[wanted], lambda points: points + offset)
    return Pieces(moved, found.codes, found.bounds + np.tile(offset, 2))


def _with_meeting_points(polygons: Polygons, image: NDArray[np.int32]) -> Polygons:
    """Give polygons a point wherever three or more of them meet, also along straight lines."""
    a, b, c, d = image[:-1, :-1], image[:-1, 1:], image[1:, :-1], image[1:, 1:]
    borders = (a != b).astype(np.uint8) + (c != d) + (a != c) + (b != d)
    meeting = borders >= 3
    points, ring, polygon = rings_of(shapely.segmentize(polygons, 1.0))
    points = np.rint(points)
    columns, rows = points.astype(int).T
    keep = corners(points, ring) | meeting[rows, columns]
    return assemble(points[keep], ring[keep], polygon)
