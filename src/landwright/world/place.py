"""The whole plan of a place: streets, what every block is used for, and the water."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry import LineString

from landwright.world import green, town
from landwright.world.frame import Frame
from landwright.world.noise import stream
from landwright.world.plan import RIVER, SEA, Box, Building, Plan
from landwright.world.streets import draw_streets, pave
from landwright.world.style import Family, Style

_OPEN: dict[str, Callable[[np.random.Generator, Box, Style, Plan], None]] = {
    "park": green.park,
    "wood": green.wood,
    "field": green.field,
    "bare": green.bare,
    "lake": green.lake,
}
_BUILT: dict[str, Callable[[np.random.Generator, Box, Style, tuple[float, float], Plan], None]] = {
    "houses": town.houses,
    "flats": town.flats,
    "sheds": town.sheds,
}


def draw_place(seed: int, frame: Frame, style: Style, family: Family) -> Plan:
    """Draw the plan of the place that belongs to a seed.

    Args:
        seed: Seed of the scene.
        frame: Its frame.
        style: Its style.
        family: Its family, for the height of buildings.

    Returns:
        The plan; buildings stand clear of rivers and sea.
    """
    rng = stream(seed, "place")
    plan = Plan(stream(seed, "tints"))
    heading = rng.uniform(0, 2 * np.pi)
    low, high = style.block

    def rural(u: float, v: float) -> float:
        """How far out of town a place is, -1..1 over the scene."""
        return float((u * np.cos(heading) + v * np.sin(heading)) / (0.5 * frame.extent))

    def side(u: float, v: float) -> float:
        return low + (high - low) * float(np.clip(0.5 + 0.5 * rural(u, v), 0, 1))

    reach = frame.reach
    land = Box(-reach, -reach, reach, reach)
    blocks, streets = draw_streets(rng, land, side)
    river, lake, sea = np.cumsum(style.water) > rng.random()
    water = None
    if sea and not (river or lake):
        water = _sea(rng, frame, plan)
    elif river:
        water = _river(rng, frame, style, plan)
    mix = dict(style.mix)
    if lake and not river:
        mix["lake"] = 0.07
    remoteness = np.array([rural(*block.centre) + rng.normal(0, 0.35) for block in blocks])
    for block, use in zip(blocks, _assign(blocks, remoteness, mix, frame), strict=True):
        if use in _OPEN:
            _OPEN[use](rng, block, style, plan)
        else:
            _BUILT[use](rng, block, style, family.height, plan)
    pave(rng, streets, plan)
    if water is not None:
        plan.buildings = _clear(plan.buildings, shapely.buffer(water, 3.0))
        trunks = np.array([(tree.u, tree.v) for tree in plan.trees]).reshape(-1, 2)
        afloat = shapely.contains_xy(water, trunks)
        plan.trees = [tree for tree, wet in zip(plan.trees, afloat, strict=True) if not wet]
    return plan


def _assign(blocks: list[Box], remoteness: np.ndarray, mix: dict[str, float], frame: Frame) -> list[str]:
    """Give each block a use, from town to country, so that the visible land has the wanted shares."""
    corners = np.array([-1, 1, 1, -1]) * frame.extent / 2, np.array([-1, -1, 1, 1]) * frame.extent / 2
    view = shapely.Polygon(np.column_stack(frame.layout(*corners)))
    seen = shapely.area(shapely.intersection(shapely.box(*np.array(blocks).T), view)) + 1e-3
    order = np.argsort(remoteness, kind="stable")
    middle = (np.cumsum(seen[order]) - seen[order] / 2) / seen.sum()
    bounds = np.cumsum(list(mix.values())) / sum(mix.values())
    uses = list(mix)
    result = [""] * len(blocks)
    for block, use in zip(order, np.searchsorted(bounds[:-1], middle), strict=True):
        result[block] = uses[use]
    return result


def _river(rng: np.random.Generator, frame: Frame, style: Style, plan: Plan) -> shapely.Geometry:
    t = np.linspace(-frame.reach, frame.reach, 80)
    swing = rng.uniform(8, 26) * np.sin(t * 2 * np.pi / rng.uniform(140, 320) + rng.uniform(0, 2 * np.pi))
    v = rng.uniform(-0.3, 0.3) * frame.extent + rng.uniform(-0.35, 0.35) * t + swing
    line = LineString(np.column_stack([t, v] if rng.random() < 0.5 else [v, t]))
    half = float(rng.uniform(0.02, 0.045)) * min(max(frame.extent, 150.0), 400.0)
    water = line.buffer(half)
    plan.patch(water.buffer(float(rng.uniform(4, 9))), str(rng.choice(style.grass)), layer=RIVER)
    if rng.random() < 0.6:
        plan.patch(water.buffer(float(rng.uniform(0.8, 3.0))), str(rng.choice(("sand", style.soil))), layer=RIVER)
    plan.patch(water, "water", layer=RIVER)
    for s in rng.uniform(0, line.length, rng.poisson(line.length / 14 * style.trees)):
        bank = (half + rng.uniform(3, 7)) * (1 if rng.random() < 0.5 else -1)
        here, there = line.interpolate(s), line.interpolate(s + 1)
        plan.tree(here.x - bank * (there.y - here.y), here.y + bank * (there.x - here.x), conifer=0.0)
    return water.buffer(1.0)


def _sea(rng: np.random.Generator, frame: Frame, plan: Plan) -> shapely.Geometry:
    reach = frame.reach
    t = np.linspace(-reach, reach, 100)
    shore = rng.uniform(0.12, 0.3) * frame.extent + rng.uniform(-0.2, 0.2) * t
    for wave in (300.0, 140.0, 60.0):
        shore = shore + rng.normal(0, wave * 0.03) * np.sin(2 * np.pi * t / wave + rng.uniform(0, 2 * np.pi))
    first, second = (t, shore) if rng.random() < 0.5 else (shore, t)
    edge = np.column_stack([first, second])
    far = 3 * reach
    outer = [(reach, far), (-reach, far)] if first is t else [(far, reach), (far, -reach)]
    sea = shapely.Polygon(np.concatenate([edge, np.array(outer)])).buffer(0)
    beach = sea.buffer(float(rng.uniform(7, 16)))
    plan.patch(beach.buffer(float(rng.uniform(2, 6))), "straw", layer=SEA)
    plan.patch(beach, "sand", layer=SEA)
    plan.patch(sea, "sea", layer=SEA)
    return beach.buffer(4.0)


def _clear(buildings: list[Building], water: shapely.Geometry) -> list[Building]:
    """Drop every building whose group touches the water."""
    if not buildings:
        return []
    boxes = np.array([(b.u - b.half_u, b.v - b.half_v, b.u + b.half_u, b.v + b.half_v) for b in buildings])
    shapely.prepare(water)
    wet = {b.group for b, hit in zip(buildings, shapely.intersects(water, shapely.box(*boxes.T)), strict=True) if hit}
    return [b for b in buildings if b.group not in wet]
