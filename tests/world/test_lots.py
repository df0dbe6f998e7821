from itertools import combinations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString

from landwright.world.lots import draw_lots
from landwright.world.plan import Plan
from landwright.world.roads import Road
from landwright.world.style import STYLES

BEND = LineString(np.column_stack([np.linspace(-150, 150, 60), 25 * np.sin(np.linspace(-3, 3, 60))]))
ROADS = [Road(BEND, 4.0, True), Road(LineString([(0, 0), (10, 120)]), 3.0, False)]
SURFACE = shapely.union_all([road.line.buffer(road.half) for road in ROADS])


def settle(style, suits=lambda u, v: True, taken=(), seed=0):
    plan = Plan(np.random.default_rng(seed))
    lots = draw_lots(np.random.default_rng(seed), ROADS, SURFACE, suits, taken, STYLES[style], (9.0, 0.5), plan)
    return plan, lots


@pytest.mark.parametrize("style", ["suburb", "urban", "edge"])
def test_lots_touch_neither_roads_nor_each_other(style):
    plan, lots = settle(style)
    assert len(lots) > 10
    assert plan.buildings
    assert not shapely.intersects(SURFACE, lots).any()
    assert not any(a.intersects(b) for a, b in combinations(lots, 2))
    home = shapely.union_all(lots)
    assert shapely.contains_xy(home, [(b.u, b.v) for b in plan.buildings]).all()
    assert len({b.group for b in plan.buildings}) == plan.groups


def test_houses_face_their_road():
    plan, _ = settle("suburb")
    turns = np.array([b.turn for b in plan.buildings if b.u < -60])
    assert np.ptp(turns % np.pi) > 0.1  # the road bends
    for b in plan.buildings:
        near = min(ROADS, key=lambda road: road.line.distance(shapely.Point(b.u, b.v))).line
        s = near.project(shapely.Point(b.u, b.v))
        here, there = near.interpolate(s - 2), near.interpolate(s + 2)
        heading = np.arctan2(there.y - here.y, there.x - here.x)
        assert abs(np.sin(2 * (heading - b.turn))) < 0.95 or s < 20


def test_lots_stand_where_they_may():
    lake = shapely.box(40, -60, 90, 60)
    _, lots = settle("suburb", suits=lambda u, v: u > 0, taken=[lake])
    assert lots
    assert not shapely.intersects(lake, lots).any()
    assert all(lot.centroid.x > -1 for lot in lots)
