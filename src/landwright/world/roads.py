"""Winding roads: they cross the land along its contours and branch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry import LineString

from landwright.world.plan import AVENUE, STREET, Curve, Plan
from landwright.world.relief import Relief

_STEP = 6.0  # metres from point to point
_JOIN = 13.0  # a branch that comes closer than this to a road ends in it


class Road(NamedTuple):
    """A road in layout metres: its middle line, half its width, and whether it crosses the scene."""

    line: LineString
    half: float
    through: bool


class Ground(NamedTuple):
    """What roads look at: the relief, the slope that they avoid, the water and the view (half side in metres)."""

    relief: Relief
    steep: float
    water: shapely.Geometry | None
    view: shapely.Geometry


def draw_roads(rng: np.random.Generator, ground: Ground, extent: float, spacing: float) -> list[Road]:
    """Draw through roads and their branches.

    Args:
        rng: Random stream.
        ground: The land.
        extent: Side of the scene in metres.
        spacing: Metres between branches of a road: small in towns.

    Returns:
        The roads, through roads first.
    """
    roads: list[Road] = []
    heading = float(rng.uniform(0, 2 * np.pi))
    for _ in range(1 + int(rng.random() < 0.55)):
        back = np.array([np.cos(heading), np.sin(heading)]) * 0.8 * extent
        ways = []
        for aside in rng.uniform(-0.28, 0.28, 4) * extent:
            start = aside * np.array([-np.sin(heading), np.cos(heading)]) - back
            points = _trace(rng, ground, start, heading, length=1.6 * extent, radius=38.0, others=None)
            ways.append(_rounded(points))
        afloat = [0.0 if ground.water is None else way.intersection(ground.water).length for way in ways]
        roads.append(Road(ways[int(np.argmin(afloat))], float(rng.uniform(3.4, 5.0)), True))
        heading += float(rng.uniform(1.0, 2.1))
    level = list(roads)
    shapely.prepare(ground.view)
    while level:
        level = _branches(rng, ground, roads, level, extent, spacing)
        spacing *= 1.15
    return roads


def _branches(
    rng: np.random.Generator, ground: Ground, roads: list[Road], stems: list[Road], extent: float, spacing: float
) -> list[Road]:
    """Let roads branch off to both sides; adds them to ``roads`` and returns the new ones."""
    grown: list[Road] = []
    for stem in stems:
        s = float(rng.uniform(0.3, 1.0)) * spacing
        while s < stem.line.length - 15:
            here, there = stem.line.interpolate(s), stem.line.interpolate(s + 2)
            along = float(np.arctan2(there.y - here.y, there.x - here.x))
            if shapely.contains_xy(ground.view, here.x, here.y):
                for side in (-1, 1):
                    if rng.random() < 0.75:
                        heading = along + side * float(rng.normal(np.pi / 2, 0.15))
                        road = _branch(rng, ground, roads, np.array([here.x, here.y]), heading, extent, spacing)
                        if road:
                            roads.append(road)
                            grown.append(road)
            s += spacing * float(rng.uniform(0.8, 1.5))
    return grown


def _branch(
    rng: np.random.Generator,
    ground: Ground,
    roads: list[Road],
    start: np.ndarray,
    heading: float,
    extent: float,
    spacing: float,
) -> Road | None:
    others = np.concatenate([np.array(road.line.coords) for road in roads])
    ahead = start + 0.75 * spacing * np.array([np.cos(heading), np.sin(heading)])
    if np.hypot(*(others - ahead).T).min() < 0.5 * spacing:
        return None
    length = float(rng.uniform(0.25, 0.7)) * max(extent, 120.0)
    points = _trace(rng, ground, start, heading, length=length, radius=22.0, others=others)
    line = _rounded(points) if len(points) > 1 else None
    if line is None or line.length < 24:
        return None
    return Road(line, float(rng.uniform(2.4, 3.4)), False)


def _trace(
    rng: np.random.Generator,
    ground: Ground,
    start: np.ndarray,
    heading: float,
    *,
    length: float,
    radius: float,
    others: np.ndarray | None,
) -> list[tuple[float, float]]:
    """Follow a heading; the steeper the land, the more the way keeps to a contour. Branches stop at what they meet."""
    swing, phases = rng.uniform(0.15, 0.5), rng.uniform(0, 2 * np.pi, 2)
    way, now = [(float(start[0]), float(start[1]))], heading
    for number in range(int(length / _STEP)):
        u, v = way[-1]
        wanted = heading + swing * (
            np.sin(number * _STEP / 55 + phases[0]) + 0.6 * np.sin(number * _STEP / 21 + phases[1])
        )
        down, right = ground.relief.rise(u, v)
        slope = float(np.hypot(down, right))
        contour = np.arctan2(right, -down)
        if np.cos(contour - now) < 0:
            contour += np.pi
        share = min(0.75, slope / max(ground.steep, 1e-3) * 0.5)
        turn = (1 - share) * _wrap(wanted - now) + share * _wrap(contour - now)
        now += float(np.clip(turn, -_STEP / radius, _STEP / radius))
        u, v = u + _STEP * float(np.cos(now)), v + _STEP * float(np.sin(now))
        if others is not None:
            if slope > 1.6 * ground.steep or not shapely.contains_xy(ground.view, u, v):
                break
            if ground.water is not None and shapely.contains_xy(ground.water, u, v):
                break
            gaps = np.hypot(others[:, 0] - u, others[:, 1] - v)
            if number > 3 and gaps.min() < _JOIN:
                way.append((float(others[gaps.argmin(), 0]), float(others[gaps.argmin(), 1])))
                break
        way.append((u, v))
    return way


def _rounded(points: list[tuple[float, float]]) -> LineString:
    """Cut the corners of a way twice (Chaikin 1974); its ends stay."""
    way = np.array(points)
    for _ in range(2):
        first, second = 0.75 * way[:-1] + 0.25 * way[1:], 0.25 * way[:-1] + 0.75 * way[1:]
        way = np.concatenate([way[:1], np.stack([first, second], 1).reshape(-1, 2), way[-1:]])
    return LineString(way)


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def pave_roads(rng: np.random.Generator, roads: list[Road], plan: Plan) -> shapely.Geometry:
    """Lay the roads' surfaces, markings and cars; returns what they cover."""
    for road in roads:
        material = "asphalt" if road.through or rng.random() < 0.6 else "lane"
        surface = road.line.buffer(road.half, cap_style="flat" if road.through else "round")
        pattern = Curve(road.line, road.half) if road.through else None
        plan.patch(surface, material, layer=AVENUE if road.through else STREET, pattern=pattern)
        for s in rng.uniform(0, road.line.length - 2, rng.poisson(road.line.length / 26)):
            here, there = road.line.interpolate(s), road.line.interpolate(s + 1)
            heading = float(np.arctan2(there.y - here.y, there.x - here.x))
            aside = road.half * 0.45 * (1 if rng.random() < 0.5 else -1)
            plan.car(here.x - aside * np.sin(heading), here.y + aside * np.cos(heading), "u", turn=heading)
    return shapely.union_all([road.line.buffer(road.half) for road in roads])
