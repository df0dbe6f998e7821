"""Polygons of the pixels of a block, in the pixels of the whole map."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features

Polygons = NDArray[np.object_]


def trace(
    image: NDArray[np.int32], row: int, col: int, *, mask: NDArray[np.bool_] | None = None
) -> tuple[Polygons, NDArray[np.int64]]:
    """Outline the connected pixels of one value; pixels that touch at a corner only belong to two polygons.

    Args:
        image: (h, w) values.
        row: Row of the first pixel in the map.
        col: Its column.
        mask: (h, w) which pixels take part; by default all.

    Returns:
        (n,) valid polygons on the corners of pixels, x = column and y = row, and (n,) their values.
    """
    points: list[tuple[float, float]] = []
    sizes: list[int] = []
    rings: list[int] = []
    values: list[int] = []
    # One array of all corners: a shapely call for each polygon would take longer than the tracing.
    for polygon, value in features.shapes(image, mask=mask, connectivity=4):
        found = polygon["coordinates"]
        points.extend(chain.from_iterable(found))
        sizes.extend(map(len, found))
        rings.append(len(found))
        values.append(int(value))
    if not values:
        return np.array([], object), np.array([], np.int64)
    points_of = np.array(points) + np.array([col, row])
    return assemble(
        points_of, np.repeat(np.arange(len(sizes)), sizes), np.repeat(np.arange(len(rings)), rings)
    ), np.array(values)


def assemble(points: NDArray[np.float64], ring: NDArray[np.int64], polygon: NDArray[np.int64]) -> Polygons:
    """Build polygons of points.

    Args:
        points: (m, 2) corners, ring after ring; the first one of a ring need not come again at its end.
        ring: (m,) number of each point's ring, from 0 without gaps, rising.
        polygon: (r,) number of each ring's polygon, likewise; the first ring of a polygon is its shell.
    """
    if not len(polygon):
        return np.array([], object)
    rings: Any = shapely.linearrings(points, indices=ring)
    made: Any = shapely.polygons(rings, indices=polygon)
    return np.asarray(made, object)


def rings_of(polygons: Polygons) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return what `assemble` takes, without the points that close the rings."""
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(ring):
        return points, ring, polygon
    last = np.append(ring[1:] != ring[:-1], True)
    return points[~last], ring[~last], polygon


def corners(points: NDArray[np.float64], ring: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which points of rings along rows and columns are turns, as (m,) bool; arguments as for `assemble`."""
    if not len(ring):
        return np.zeros(0, bool)
    first = np.flatnonzero(np.append(True, ring[1:] != ring[:-1]))
    last = np.append(first[1:], len(ring)) - 1
    before, after = np.roll(np.arange(len(ring)), 1), np.roll(np.arange(len(ring)), -1)
    before[first], after[last] = last, first
    straight = (points[before] == points) & (points == points[after])
    turns: NDArray[np.bool_] = ~straight.any(axis=1)
    return turns


def canonical(polygons: Polygons) -> Polygons:
    """Return the same polygons in the one form that depends on the ground they cover alone.

    Points along straight lines go; rings are put in order. The rings themselves are
    settled by the pixels: the inside of a polygon hangs together along edges, so that rings touch in single points and
    one way only makes each of them simple.

    Args:
        polygons: (n,) valid polygons along rows and columns.
    """
    points, ring, polygon = rings_of(polygons)
    turns = corners(points, ring)
    return ordered(assemble(points[turns], ring[turns], polygon))


def ordered(polygons: Polygons) -> Polygons:
    """Let rings start at their highest, then leftmost point, shells go one way, holes the other, and in order."""
    swapped = shapely.normalize(shapely.transform(polygons, _swap))
    same: Polygons = shapely.transform(swapped, _swap)
    return same


def _swap(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[:, ::-1]
