"""Make the outlines of buildings right-angled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.maps.pieces import Polygons

_BAND = np.radians(15)
"""Walls that differ by no more from a direction speak for it."""
_AREA = 0.1
"""Share of the area that may come or go."""
_OVERLAP = 0.85
"""Least area in common as a share of that in either."""

_FEWEST = 4
"""Walls of a ring."""

_Points = NDArray[np.float64]


def right_angled(steps: Polygons, plain: Polygons, tolerance: float) -> tuple[Polygons, NDArray[np.bool_]]:
    """Give polygons outlines whose angles are all right, where such outlines fit.

    The walls of the simplified outline vote with their lengths for the direction of the building, modulo a right angle.
    Each wall then takes the nearer one of the two axes, walls of one axis that follow on one another become one, those
    shorter than the tolerance go, and each lies where the mean of its pixels' edges does, so that the area stays right.
    All rings of a polygon have one direction.

    An outline does not fit where a ring has fewer than four walls left, where it crosses itself, where more than a
    tenth of the area comes or goes, or where less than 85 % of the area in either is common to both: a round tank, a
    roof with a corner of 45 degrees. The simplified outline stays then.

    Args:
        steps: (n,) polygons along the edges of pixels, in coordinates in which right angles are right on the ground.
        plain: (n,) the same simplified by Douglas and Peucker, their corners being corners of ``steps``.
        tolerance: The tolerance of ``plain``, in the unit of the coordinates.

    Returns:
        (n,) polygons, and (n,) which of them are right-angled.
    """
    shapes, right = plain.copy(), np.zeros(len(plain), bool)
    for place, (exact, simple) in enumerate(zip(steps, plain, strict=True)):
        made = _right_angled(exact, simple, tolerance)
        if made is not None and _fits(made, exact):
            shapes[place], right[place] = made, True
    return shapes, right


def _right_angled(exact: shapely.Polygon, simple: shapely.Polygon, tolerance: float) -> shapely.Polygon | None:
    # Near the origin a rotation moves nothing by a rounding error that could be seen.
    origin = shapely.get_coordinates(exact)[0]
    outlines, plain = (
        [shapely.get_coordinates(ring) - origin for ring in (shape.exterior, *shape.interiors)]
        for shape in (exact, simple)
    )
    if len(outlines) != len(plain):
        return None
    angle = _direction(plain)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rings = []
    for outline, corners in zip(outlines, plain, strict=True):
        ring = _square_ring(outline, corners, turn, tolerance)
        if ring is None:
            return None
        rings.append(ring @ turn.T + origin)
    return shapely.Polygon(rings[0], rings[1:])


def _direction(rings: list[_Points]) -> float:
    """Angle, modulo a right one, that most of the length of the walls speaks for."""
    walls = np.concatenate([np.diff(ring, axis=0) for ring in rings])
    lengths, angles = np.hypot(*walls.T), np.arctan2(*walls.T[::-1]) % (np.pi / 2)
    away = np.abs((angles[:, None] - angles + np.pi / 4) % (np.pi / 2) - np.pi / 4)
    votes = np.maximum(0, 1 - away / _BAND) @ lengths
    near = away[np.argmax(votes)] <= _BAND
    mean = np.angle((lengths[near] * np.exp(4j * angles[near])).sum()) / 4
    return float(mean)


@dataclass(frozen=True)
class _Wall:
    """A wall along an axis.

    Attributes:
        upright: It goes along y and lies at an x.
        weight: Its length.
        moment: Its length times where it lies.
    """

    upright: bool
    weight: float
    moment: float

    @property
    def at(self) -> float:
        """Where it lies on the other axis."""
        return self.moment / self.weight

    def __add__(self, other: _Wall) -> _Wall:
        """Return one wall in the place of two."""
        return _Wall(self.upright, self.weight + other.weight, self.moment + other.moment)


def _square_ring(outline: _Points, corners: _Points, turn: _Points, tolerance: float) -> _Points | None:
    """Corners of a ring of walls along the turned axes, or None where fewer than four walls are left."""
    walls = _merged(_walls(outline, corners, turn))
    while len(walls) >= _FEWEST:
        # A wall reaches from the one before to the one behind.
        spans = [
            abs(behind.at - before.at) for before, behind in zip(_turned(walls, -1), _turned(walls, 1), strict=True)
        ]
        shortest = int(np.argmin(spans))
        if spans[shortest] >= tolerance:
            break
        walls = _merged(walls[:shortest] + walls[shortest + 1 :])
    if len(walls) < _FEWEST:
        return None
    return np.array(
        [
            (one.at, two.at) if one.upright else (two.at, one.at)
            for one, two in zip(walls, _turned(walls, 1), strict=True)
        ]
    )


def _turned(walls: list[_Wall], by: int) -> list[_Wall]:
    return walls[by:] + walls[:by]


def _walls(outline: _Points, corners: _Points, turn: _Points) -> list[_Wall]:
    """One wall for each side between two corners: the nearer axis, and the mean of the pixels' edges along it."""
    places = {tuple(point): place for place, point in enumerate(outline[:-1].tolist())}
    breaks = [places[tuple(point)] for point in corners.tolist()]
    turned, count, walls = outline[:-1] @ turn, len(outline) - 1, []
    for one, two in pairwise(breaks):
        points = turned[(one + np.arange((two - one) % count + 1)) % count]
        reach = points[-1] - points[0]
        along = 1 if abs(reach[1]) >= abs(reach[0]) else 0
        steps = np.diff(points[:, along]) * np.sign(reach[along])
        middles = (points[1:, 1 - along] + points[:-1, 1 - along]) / 2
        walls.append(_Wall(along == 1, float(steps.sum()), float((middles * steps).sum())))
    return walls


def _merged(walls: list[_Wall]) -> list[_Wall]:
    """Make one wall of those along one axis that follow on one another, around the ring."""
    found: list[_Wall] = []
    for wall in walls:
        if found and found[-1].upright == wall.upright:
            found[-1] += wall
        else:
            found.append(wall)
    if len(found) > 1 and found[0].upright == found[-1].upright:
        found[0] += found.pop()
    return found


def _fits(made: shapely.Polygon, exact: shapely.Polygon) -> bool:
    if not made.is_valid or abs(made.area - exact.area) > _AREA * exact.area:
        return False
    common = made.intersection(exact).area
    return bool(common >= _OVERLAP * (made.area + exact.area - common))
