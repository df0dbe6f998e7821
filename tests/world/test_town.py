import numpy as np
import pytest
import shapely

from landwright.world import town
from landwright.world.plan import Box, Plan
from landwright.world.style import STYLES

BLOCK = Box(5, -30, 95, 40)


@pytest.mark.parametrize("fill", [town.houses, town.flats, town.sheds])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_built_stays_in_its_block_and_apart(fill, seed):
    rng = np.random.default_rng(seed)
    plan = Plan(rng)
    fill(rng, BLOCK, STYLES["suburb"], (9.0, 0.5), plan)
    boxes = shapely.box(
        *np.array([(b.u - b.half_u, b.v - b.half_v, b.u + b.half_u, b.v + b.half_v) for b in plan.buildings]).T
    )
    assert len(boxes) > 1
    assert shapely.union_all(boxes).within(BLOCK.polygon.buffer(1e-6))
    assert shapely.union_all(boxes).area == pytest.approx(shapely.area(boxes).sum())
    assert all(2 < b.height <= 250 for b in plan.buildings)
    assert plan.patches[0].shape.equals(BLOCK.polygon)


def test_a_narrow_block_has_one_row_of_houses():
    rng = np.random.default_rng(0)
    plan = Plan(rng)
    town.houses(rng, Box(0, 0, 60, 24), STYLES["edge"], (9.0, 0.5), plan)
    main = [b for b in plan.buildings if min(b.half_u, b.half_v) > 3]
    assert 2 <= len(main) <= 5


def test_parking_lots_have_stalls_and_cars():
    plan = Plan(np.random.default_rng(0))
    town.park_cars(np.random.default_rng(0), Box(0, 0, 40, 34), plan)
    assert plan.patches[0].pattern.kind == "stalls"
    assert len(plan.cars) > 10
    assert all(0 < car.u < 40 and 0 < car.v < 34 for car in plan.cars)
