"""Lots along winding roads: houses, flats and sheds that face the street, wherever there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry import LineString

from landwright.world import town
from landwright.world.plan import Box, Plan, Strip
from landwright.world.roads import Road
from landwright.world.style import Style

# Smallest and largest width along the street and depth in metres.
_SIZES = {
    "houses": ((14.0, 21.0), (19.0, 29.0)),
    "flats": ((22.0, 42.0), (22.0, 36.0)),
    "sheds": ((34.0, 58.0), (28.0, 46.0)),
}


class _Lot(NamedTuple):
    """A lot in its own metres, with the place of its corner and its turn in the layout."""

    box: Box
    u: float
    v: float
    turn: float


def draw_lots(
    rng: np.random.Generator,
    roads: list[Road],
    surface: shapely.Geometry,
    suits: Callable[[float, float], bool],
    taken: Sequence[shapely.Geometry],
    style: Style,
    tall: tuple[float, float],
    plan: Plan,
) -> list[shapely.Geometry]:
    """Fill both sides of all roads with lots.

    Args:
        rng: Random stream.
        roads: The roads.
        surface: What they cover.
        suits: Whether a lot may have its middle at a place (layout metres).
        taken: Ground that is not free.
        style: Kind of place.
        tall: Median and sigma of the height of large buildings.
        plan: Takes the lots.

    Returns:
        The lots as polygons.
    """
    weights = np.array([style.mix.get(use, 0.0) for use in _SIZES])
    shapely.prepare(surface)
    lots: list[shapely.Geometry] = []

    def is_free(lot: shapely.Geometry) -> bool:
        return not (shapely.intersects(surface, lot) or shapely.intersects(lot, np.array([*taken, *lots])).any())

    for road in roads:
        for line in (road.line, LineString(road.line.coords[::-1])):
            s = float(rng.uniform(7, 12))
            while s < line.length - 8:
                use = list(_SIZES)[int(rng.choice(3, p=weights / weights.sum()))]
                width, depth = (float(rng.uniform(*bounds)) for bounds in _SIZES[use])
                lot = _fit(line, s, road.half + 1.0, (width, depth), suits, is_free)
                if lot is None:
                    s += 5.0
                    continue
                lots.append(_outline(lot))
                part = Plan(plan.rng)
                _fill(rng, use, lot.box, style, tall, part)
                plan.place(part, lot.u, lot.v, lot.turn)
                s += lot.box.width + float(rng.choice((0.6, 0.6, 4.0)))
    return lots


def _fit(
    line: LineString,
    s: float,
    gap: float,
    size: tuple[float, float],
    suits: Callable[[float, float], bool],
    is_free: Callable[[shapely.Geometry], bool],
) -> _Lot | None:
    """Find room beside a road at ``s`` metres; a smaller lot may fit where a large one does not."""
    for share in (1.0, 0.8, 0.64):
        width, depth = (max(side * share, 13.0) for side in size)
        here, there = line.interpolate(s), line.interpolate(min(s + width, line.length))
        turn = float(np.arctan2(there.y - here.y, there.x - here.x))
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        lot = _Lot(Box(0, 0, width, depth), here.x - gap * sin, here.y + gap * cos, turn)
        if not suits(lot.u + (cos * width - sin * depth) / 2, lot.v + (sin * width + cos * depth) / 2):
            return None
        if is_free(_outline(lot)):
            return lot
    return None


def _outline(lot: _Lot) -> shapely.Geometry:
    cos, sin = np.cos(lot.turn), np.sin(lot.turn)
    return shapely.transform(lot.box.polygon, lambda p: p @ np.array([(cos, sin), (-sin, cos)]) + (lot.u, lot.v))


def _fill(rng: np.random.Generator, use: str, box: Box, style: Style, tall: tuple[float, float], part: Plan) -> None:
    if use == "houses":
        town.house_lot(rng, Strip(box, "u", False), (0.0, box.width, box.height), style, tall, part)
    elif use == "flats" and rng.random() < 0.7:
        part.patch(box, "paving")
        town.large(rng, box, tall, part)
    elif use == "flats":
        town.flats(rng, box, style, tall, part)
    else:
        town.sheds(rng, box, style, tall, part)
