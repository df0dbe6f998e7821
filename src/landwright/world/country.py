"""The plan of a terrain scene: relief decides where forest, bare rock, fields, roads and lots are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from landwright.world import green
from landwright.world.frame import Coordinates, Frame
from landwright.world.ground import Zones
from landwright.world.lots import draw_lots
from landwright.world.noise import Codes, Floats, field, stream
from landwright.world.plan import RIVER, Box, Plan, Tree
from landwright.world.relief import Relief, draw_relief
from landwright.world.roads import Ground, Road, draw_roads, pave_roads
from landwright.world.streets import cut
from landwright.world.style import Family, Style
from landwright.world.water import clear_buildings, clear_trees, river_course, sea_shore

_BUILT = ("flats", "sheds", "houses")
_WOOD = 3  # index of the forest floor among the materials of the wild land


class Country(NamedTuple):
    """A terrain scene: its plan, the wild land of every pixel and its elevation in metres, float32 (H, W)."""

    plan: Plan
    zones: Zones
    elevation: Floats


def draw_country(seed: int, frame: Frame, style: Style, family: Family) -> Country:
    """Draw the terrain scene that belongs to a seed.

    Args:
        seed: Seed of the scene.
        frame: Its frame.
        style: Its style.
        family: Its family, for the height of buildings.

    Returns:
        The scene; no building stands on a road, in water or on the steepest ground.
    """
    rng = stream(seed, "country")
    plan = Plan(stream(seed, "tints"))
    river, lake, sea = np.cumsum(style.water) > rng.random()
    water = None
    if sea and not (river or lake):
        water = sea_shore(rng, frame, plan)
    elif river:
        water = river_course(rng, frame, style, plan)
    elif lake:
        water = _lake(rng, frame, style, plan)
    relief = draw_relief(stream(seed, "relief"), frame, float(rng.uniform(*style.hills)), water)
    view = _view(frame)
    slope = np.hypot(*relief.slope)
    u, v = relief.nodes()
    seen = shapely.contains_xy(view, u, v)
    built, crops = sum(style.mix.get(use, 0.0) for use in _BUILT), style.mix.get("field", 0.0)
    limit = max(0.15, float(np.quantile(slope[seen], min(0.95, 0.2 + built + crops))))  # people make do with their land
    settled, farmed, wooded = (relief.map(rng, scale) for scale in (130.0, 160.0, 90.0))
    farmed = farmed - 0.7 * settled

    def suits(values: Floats, share: float, steepest: float) -> Floats:
        """Nodes where a map is high and the land is not steep: ``share`` of the view, the steep land not counted."""
        enough = float(np.quantile(values[seen & (slope < steepest)], max(0.0, 1 - share)))
        return np.asarray((values >= enough) & (slope < steepest), np.float32)

    fields = _fields(rng, frame, style, relief, suits(farmed, 1.7 * crops, limit), plan)
    ground = Ground(relief, limit, water, view.buffer(12.0))
    roads = draw_roads(rng, ground, frame.extent, 52.0 + 70.0 * (1 - min(1.0, 1.25 * built)))
    _open_land(plan, roads, water)
    surface = pave_roads(rng, roads, plan)
    towns = suits(settled, min(1.0, 1.5 * built), limit)
    near = view.buffer(25)
    shapely.prepare(near)

    def may_stand(u: float, v: float) -> bool:
        return towns[relief.node(u, v)] > 0 and bool(shapely.contains_xy(near, u, v))

    taken: list[shapely.Geometry] = [
        Box(b.u - b.half_u, b.v - b.half_v, b.u + b.half_u, b.v + b.half_v).polygon for b in plan.buildings
    ]
    taken += [shapely.buffer(water, 4.0)] if water is not None else []
    lots = draw_lots(rng, roads, surface, may_stand, taken, style, family.height, plan)
    zones, elevation = _wild(rng, frame, style, relief, slope, wooded, seen)
    tidy = shapely.union_all([*lots, *fields, shapely.buffer(surface, 2.5), *([water] if water is not None else [])])
    plan.trees += _forest(rng, frame, style, zones.numbers, tidy)
    return Country(plan, zones, elevation)


def draw_hills(seed: int, frame: Frame, style: Style) -> Floats:
    """Draw the elevation under a grid scene in metres, float32 (H, W): it shades the picture and moves nothing."""
    rng = stream(seed, "relief")
    relief = draw_relief(rng, frame, 0.45 * float(rng.uniform(*style.hills)), None)
    return relief.smooth(*_pixels(frame))


def _pixels(frame: Frame) -> tuple[Coordinates, Coordinates]:
    side = np.arange(frame.size)
    return frame.layout_of_pixels(*np.meshgrid(side, side, indexing="ij"))


def _view(frame: Frame) -> shapely.Polygon:
    """What the picture shows, in layout metres."""
    t = np.linspace(-1, 1, 9)[:-1]
    one = np.ones_like(t)
    x, y = (np.concatenate(side) * frame.extent / 2 for side in ((t, one, -t, -one), (-one, t, one, -t)))
    return shapely.Polygon(np.column_stack(frame.layout(x, y)))


def _lake(rng: np.random.Generator, frame: Frame, style: Style, plan: Plan) -> shapely.Geometry:
    u, v = (float(place) for place in rng.uniform(-0.35, 0.35, 2) * frame.extent)
    shape = green.blob(rng, u, v, *(float(half) for half in rng.uniform(0.1, 0.24, 2) * frame.extent))
    plan.patch(shape.buffer(float(rng.uniform(3, 8))), str(rng.choice(style.grass)), layer=RIVER)
    plan.patch(shape.buffer(float(rng.uniform(0.8, 3))), "sand", layer=RIVER)
    plan.patch(shape, "water", layer=RIVER)
    return shape


def _fields(
    rng: np.random.Generator, frame: Frame, style: Style, relief: Relief, farmed: Floats, plan: Plan
) -> list[shapely.Geometry]:
    """Lay fields on blocks that are mostly farmed; returns the blocks."""
    reach = frame.reach
    blocks = cut(rng, Box(-reach, -reach, reach, reach), float(rng.uniform(60, 95)))
    laid: list[shapely.Geometry] = []
    for block in blocks:
        corners = np.array([(block.u0, block.v0), (block.u1, block.v0), (block.u1, block.v1), (block.u0, block.v1)])
        places = np.concatenate([(corners + block.centre) / 2, [block.centre]])
        if relief.at(farmed, *places.T).mean() > 0.6:
            green.field(rng, block, style, plan)
            laid.append(block.polygon)
    return laid


def _open_land(plan: Plan, roads: list[Road], water: shapely.Geometry | None) -> None:
    """Take farms and hedges off roads and out of the water."""
    surface = shapely.union_all([road.line.buffer(road.half + 1.0) for road in roads])
    keep_free = surface if water is None else shapely.union(surface, shapely.buffer(water, 3.0))
    clear_buildings(plan, keep_free)
    clear_trees(plan, keep_free)


def _wild(
    rng: np.random.Generator,
    frame: Frame,
    style: Style,
    relief: Relief,
    slope: Floats,
    wooded: Floats,
    seen: np.ndarray,
) -> tuple[Zones, Floats]:
    """Cover the land that nobody uses: grass, forest where the map says so, bare ground where it is steepest."""
    u, v = _pixels(frame)
    ragged = np.float32(0.22) * field(rng, frame.size, gsd=frame.gsd, scale=14.0, slope=2.4)
    steepness = slope / max(float(slope[seen].std()), 1e-6)
    wood, bare = style.forest, min(0.45, 0.05 + 0.9 * style.mix.get("bare", 0.0))
    patchy = relief.map(rng, 45.0)
    # Forest keeps to slopes, where nobody farms.
    wooded = wooded + 0.35 * np.asarray(steepness, np.float32)
    barren = np.asarray(steepness, np.float32) + 0.35 * relief.map(rng, 50.0)

    def above(values: Floats, share: float) -> np.ndarray:
        bound = float(np.quantile(values[seen], 1 - share))
        return np.asarray(relief.at(values, u, v) + ragged > bound)

    index: Codes = above(patchy, 0.5).astype(np.uint8)
    index[above(patchy, 0.12)] = 2
    index[above(wooded, wood)] = _WOOD
    open_ground = above(barren, bare)
    index[open_ground] = 4
    index[open_ground & above(barren, 0.45 * bare)] = 5
    materials = (style.grass[0], style.grass[-1], style.grass[len(style.grass) // 2], "litter", style.soil, style.crag)
    return Zones(index, materials), relief.smooth(u, v)


def _forest(rng: np.random.Generator, frame: Frame, style: Style, zones: Codes, tidy: shapely.Geometry) -> list[Tree]:
    """Plant the forest, and single trees in the open."""
    step = float(rng.uniform(3.9, 4.8)) * (1 - 0.2 * style.conifers) / min(1.0, style.trees + 0.25)
    line = np.arange(-frame.extent / 2 + step / 2, frame.extent / 2, step)
    x, y = (part.ravel() for part in np.meshgrid(line, line))
    x, y = x + rng.uniform(-0.45, 0.45, x.size) * step, y + rng.uniform(-0.45, 0.45, x.size) * step
    half = frame.extent / 2
    rows, cols = (np.clip((part + half) / frame.gsd, 0, frame.size - 1).astype(np.intp) for part in (y, x))
    zone = zones[rows, cols]
    chance = np.where(zone == _WOOD, 0.93, np.where(zone < _WOOD, 0.03 + 0.09 * (zone == 1), 0.02)) * np.array(
        min(1.0, style.trees)
    )
    u, v = frame.layout(x, y)
    shapely.prepare(tidy)
    grows = (rng.random(x.size) < chance) & ~shapely.contains_xy(tidy, u, v)
    count = int(grows.sum())
    conifer = rng.random(count) < style.conifers
    radius = np.where(conifer, rng.uniform(1.2, 2.4, count), rng.uniform(1.7, 4.4, count)) * 1.25
    radius *= np.where(zone[grows] == _WOOD, 1.0, 0.7)
    height = radius * np.where(conifer, rng.uniform(3.6, 5.2, count), rng.uniform(2.0, 3.2, count)) + 1.5
    table = zip(u[grows], v[grows], radius, height, conifer, strict=True)
    return [Tree(float(a), float(b), float(r), float(h), bool(c)) for a, b, r, h, c in table]
