"""Open blocks: parks, woods, fields, bare ground and lakes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from landwright.world.materials import CROPS
from landwright.world.plan import SIDES, Axis, Box, Pattern, Plan, Strip
from landwright.world.streets import cut
from landwright.world.style import Style
from landwright.world.town import SHEETS, TILES


def blob(rng: np.random.Generator, u: float, v: float, half_u: float, half_v: float) -> Polygon:
    """Draw a closed, wavy shape around a centre."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones_like(angle)
    for order in (2, 3, 4, 5):
        radius += rng.normal(0, 0.22 / order) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.55, 1.25)
    return Polygon(np.column_stack([u + half_u * radius * np.cos(angle), v + half_v * radius * np.sin(angle)]))


def _inside(rng: np.random.Generator, box: Box) -> tuple[float, float]:
    return float(rng.uniform(box.u0, box.u1)), float(rng.uniform(box.v0, box.v1))


def _path(rng: np.random.Generator, box: Box) -> LineString:
    """Draw a winding line from one side of a box to the opposite one."""
    t = np.linspace(0, 1, 30)
    swing = rng.uniform(0.05, 0.16) * np.sin(2 * np.pi * (rng.uniform(0.6, 1.4) * t + rng.random())) * np.sin(np.pi * t)
    across = rng.uniform(0.15, 0.85) * (1 - t) + rng.uniform(0.15, 0.85) * t + swing
    if rng.random() < 0.5:
        return LineString(np.column_stack([box.u0 + t * box.width, box.v0 + across * box.height]))
    return LineString(np.column_stack([box.u0 + across * box.width, box.v0 + t * box.height]))


def park(rng: np.random.Generator, block: Box, style: Style, plan: Plan) -> None:
    """Fill a block with grass, winding paths, groups of trees, perhaps a pond, a pitch or a court."""
    plan.patch(block, str(rng.choice(style.grass)))
    for _ in range(int(rng.integers(1, 4))):
        u, v = _inside(rng, block)
        spot = blob(rng, u, v, block.width * 0.25, block.height * 0.25)
        plan.patch(shapely.intersection(spot, block.polygon), str(rng.choice(style.grass)))
    for _ in range(int(rng.integers(1, 4))):
        line = _path(rng, block).buffer(float(rng.uniform(0.9, 1.5)))
        plan.patch(shapely.intersection(line, block.polygon), "gravel")
    side, extra = min(block.width, block.height), rng.random()
    u, v = _inside(rng, block.shrink(side * 0.3))
    keep_clear = Polygon()
    if extra < 0.3:
        keep_clear = blob(rng, u, v, side * rng.uniform(0.12, 0.2), side * rng.uniform(0.1, 0.18))
        plan.patch(keep_clear.buffer(1.0), "straw")
        plan.patch(keep_clear, "water")
    elif extra < 0.55:
        field = Box(u - side * 0.26, v - side * 0.17, u + side * 0.26, v + side * 0.17)
        keep_clear = field.polygon
        plan.patch(field, "lawn")
    elif extra < 0.8:
        court = Box(u - 12, v - 6.5, u + 12, v + 6.5)
        keep_clear = court.polygon
        plan.patch(court, "court")
        plan.patch(court.shrink(2.5), "court")
    clumps = [_inside(rng, block) for _ in range(int(rng.integers(3, 7)))]
    for _ in range(rng.poisson(0.008 * block.width * block.height * style.trees)):
        cu, cv = clumps[int(rng.integers(len(clumps)))]
        u, v = cu + float(rng.normal(0, side * 0.14)), cv + float(rng.normal(0, side * 0.14))
        inner = block.u0 < u < block.u1 and block.v0 < v < block.v1
        if inner and not shapely.contains_xy(keep_clear, u, v):
            plan.tree(u, v, scale=1.1)


def wood(rng: np.random.Generator, block: Box, style: Style, plan: Plan) -> None:
    """Fill a block with closed forest and a clearing or two."""
    plan.patch(block, "litter")
    clearings = [
        blob(rng, *_inside(rng, block), block.width * rng.uniform(0.1, 0.2), block.height * rng.uniform(0.1, 0.2))
        for _ in range(int(rng.integers(0, 3)))
    ]
    for clearing in clearings:
        plan.patch(shapely.intersection(clearing, block.polygon), str(rng.choice(style.grass)))
    open_land = shapely.union_all(clearings)
    conifer, step = float(rng.choice((0.05, 0.2, 0.9))), float(rng.uniform(4.3, 5.6)) / min(1.0, style.trees + 0.2)
    for u in np.arange(block.u0 + 2, block.u1 - 1, step):
        for v in np.arange(block.v0 + 2, block.v1 - 1, step):
            pu, pv = u + rng.uniform(-0.42, 0.42) * step, v + rng.uniform(-0.42, 0.42) * step
            edge = min(pu - block.u0, block.u1 - pu, pv - block.v0, block.v1 - pv)
            if rng.random() < 0.3 + 0.12 * edge and not shapely.contains_xy(open_land, pu, pv):
                plan.tree(float(pu), float(pv), conifer=conifer, scale=1.3)


def field(rng: np.random.Generator, block: Box, style: Style, plan: Plan) -> None:
    """Fill a block with strips of crops, grassy margins, hedges and perhaps a farm."""
    plan.patch(block, str(rng.choice(style.grass)))
    along: Axis = "u" if rng.random() < 0.5 else "v"
    inner = block.shrink(float(rng.uniform(1.2, 2.6)))
    length = inner.height if along == "u" else inner.width
    strips = max(1, round(length / rng.uniform(26, 60)))
    edges = np.concatenate([[0.0], np.sort(rng.uniform(0.12, 0.88, strips - 1)), [1.0]]) * length
    for low, high in pairwise(edges):
        margin = float(rng.uniform(0.3, 0.9))
        if high - low < 2 * margin + 3:
            continue
        start = (inner.v0 if along == "u" else inner.u0) + float(low)
        stop = start + float(high - low)
        start, stop = start + margin, stop - margin
        box = inner._replace(v0=start, v1=stop) if along == "u" else inner._replace(u0=start, u1=stop)
        pattern = Pattern("rows", along, start, float(rng.uniform(1.8, 4.2)))
        plan.patch(box, str(rng.choice(CROPS)), pattern=pattern)
    for side, flipped in SIDES:
        if rng.random() < 0.28 * style.trees:
            hedge = Strip(block, side, flipped)
            for s in np.arange(1.5, hedge.length, 3.6):
                if rng.random() < 0.75:
                    plan.tree(*hedge.point(float(s), 1.3), conifer=0.05, scale=float(rng.uniform(0.5, 0.85)))
    if rng.random() < 0.25 and min(inner.width, inner.height) > 34:
        yard = Box(inner.u0, inner.v0, inner.u0 + 26, inner.v0 + 24)
        plan.patch(yard, style.soil)
        colour = (SHEETS if rng.random() < 0.5 else TILES)[int(rng.integers(7))]
        plan.building(Box(yard.u0 + 3, yard.v0 + 3, yard.u0 + 22, yard.v0 + 12), 5.5, "gable", colour, pitch=0.4)


def bare(rng: np.random.Generator, block: Box, style: Style, plan: Plan) -> None:
    """Fill a block with open soil: a building site, a quarry or waste land."""
    plan.patch(block, style.soil)
    for _ in range(int(rng.integers(2, 6))):
        u, v = _inside(rng, block)
        spot = blob(rng, u, v, block.width * rng.uniform(0.08, 0.3), block.height * rng.uniform(0.08, 0.3))
        kind = rng.choice((style.soil, "rubble", "sand", style.grass[-1]), p=(0.4, 0.25, 0.2, 0.15))
        plan.patch(shapely.intersection(spot, block.polygon), str(kind))
    for _ in range(int(rng.integers(1, 4))):
        line = _path(rng, block)
        for offset in (-0.9, 0.9):  # the two ruts of a track
            rut = line.parallel_offset(offset).buffer(0.4)
            plan.patch(shapely.intersection(rut, block.polygon), style.soil)
    if rng.random() < 0.45:
        site = cut(rng, block.shrink(8), 24)[0].shrink(2)
        plan.patch(site, "concrete")
    for _ in range(rng.poisson(0.0012 * block.width * block.height * style.trees)):
        plan.tree(*_inside(rng, block), scale=0.6)


def lake(rng: np.random.Generator, block: Box, style: Style, plan: Plan) -> None:
    """Fill a block with a lake in grass, with a sandy shore and trees around it."""
    plan.patch(block, str(rng.choice(style.grass)))
    shape = blob(rng, *block.centre, block.width * 0.37, block.height * 0.37)
    basin = shapely.intersection(shape, block.shrink(3).polygon)
    shore = shapely.buffer(basin, float(rng.uniform(1.5, 4)))
    plan.patch(shapely.intersection(shore, block.polygon), "sand")
    plan.patch(basin, "water")
    for _ in range(rng.poisson(0.009 * block.width * block.height * style.trees)):
        u, v = _inside(rng, block)
        if not shapely.contains_xy(shore, u, v):
            plan.tree(u, v)
