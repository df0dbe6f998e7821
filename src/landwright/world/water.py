"""Rivers and the sea, and the ground that keeps clear of them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import LineString

from landwright.world.frame import Frame
from landwright.world.plan import RIVER, SEA, Plan
from landwright.world.style import Style


def river_course(rng: np.random.Generator, frame: Frame, style: Style, plan: Plan) -> shapely.Geometry:
    """Lay a winding river with its banks across the scene; return its surface and the wet edge, in layout metres."""
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


def sea_shore(rng: np.random.Generator, frame: Frame, plan: Plan) -> shapely.Geometry:
    """Lay the sea with its beach along one side of the scene; return both, in layout metres."""
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


def clear_buildings(plan: Plan, keep_free: shapely.Geometry) -> None:
    """Drop every building whose group touches a shape; the buildings stand along the axes of the layout."""
    if not plan.buildings:
        return
    boxes = np.array([(b.u - b.half_u, b.v - b.half_v, b.u + b.half_u, b.v + b.half_v) for b in plan.buildings])
    shapely.prepare(keep_free)
    hits = shapely.intersects(keep_free, shapely.box(*boxes.T))
    gone = {b.group for b, hit in zip(plan.buildings, hits, strict=True) if hit}
    plan.buildings = [b for b in plan.buildings if b.group not in gone]


def clear_trees(plan: Plan, keep_free: shapely.Geometry) -> None:
    """Drop every tree whose trunk stands in a shape."""
    shapely.prepare(keep_free)
    trunks = np.array([(tree.u, tree.v) for tree in plan.trees]).reshape(-1, 2)
    inside = shapely.contains_xy(keep_free, trunks)
    plan.trees = [tree for tree, hit in zip(plan.trees, inside, strict=True) if not hit]
