import numpy as np
import pytest
import shapely

from landwright.world.frame import draw_frame
from landwright.world.noise import stream
from landwright.world.plan import Plan
from landwright.world.relief import draw_relief
from landwright.world.roads import Ground, draw_roads, pave_roads

FRAME = draw_frame(stream(3, "frame"), 400, 0.5, 0.5)
VIEW = shapely.box(-120, -120, 120, 120)


def roads(seed, water=None, spacing=60.0):
    relief = draw_relief(np.random.default_rng(seed), FRAME, 0.01, water)
    return draw_roads(np.random.default_rng(seed), Ground(relief, 0.2, water, VIEW), FRAME.extent, spacing)


@pytest.mark.parametrize("seed", range(5))
def test_roads_cross_the_scene_and_branch(seed):
    net = roads(seed)
    through = [road for road in net if road.through]
    assert 1 <= len(through) <= 2
    assert all(road.line.intersection(VIEW).length > 100 for road in through)
    assert len(net) > len(through) + 2
    lines = shapely.union_all([road.line for road in net])
    assert all(road.line.distance(lines) == 0 for road in net)
    assert all(shapely.Point(road.line.coords[0]).distance(lines) < 1e-6 for road in net)


def test_towns_have_more_roads():
    length = [sum(sum(r.line.length for r in roads(seed, spacing=gap)) for seed in range(4)) for gap in (50.0, 130.0)]
    assert length[0] > 1.4 * length[1]


def test_roads_bend_gently():
    for road in roads(1):
        points = np.array(road.line.coords)
        heading = np.unwrap(np.arctan2(*np.diff(points, axis=0).T[::-1]))
        assert np.abs(np.diff(heading)[2:-8]).max(initial=0) < 0.45


def test_only_through_roads_bridge_water():
    water = shapely.box(-500, -10, 500, 10)
    for seed in range(4):
        for road in roads(seed, water):
            if not road.through:
                assert road.line.intersection(water).length < 15


def test_paving():
    plan = Plan(np.random.default_rng(0))
    net = roads(2)
    covered = pave_roads(np.random.default_rng(0), net, plan)
    assert len(plan.patches) == len(net)
    marked = [patch.pattern is not None for patch in plan.patches]
    assert marked == [road.through for road in net]
    assert plan.cars
    assert shapely.contains_xy(covered, [(car.u, car.v) for car in plan.cars]).all()
