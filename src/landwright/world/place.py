"""The whole plan of a place: streets, what every block is used for, and the water."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from landwright.world import green, town
from landwright.world.frame import Frame
from landwright.world.noise import stream
from landwright.world.plan import Box, Plan
from landwright.world.streets import draw_streets, pave
from landwright.world.style import Family, Style
from landwright.world.water import clear_buildings, clear_trees, river_course, sea_shore

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
        water = sea_shore(rng, frame, plan)
    elif river:
        water = river_course(rng, frame, style, plan)
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
        clear_buildings(plan, shapely.buffer(water, 3.0))
        clear_trees(plan, water)
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
