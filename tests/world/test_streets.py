import numpy as np
import pytest
import shapely

from landwright.world.plan import Box, Plan
from landwright.world.streets import cut, draw_streets, pave


@pytest.mark.parametrize("seed", range(4))
def test_blocks_and_streets_cover_the_land_once(seed):
    land = Box(-200, -200, 200, 200)
    blocks, streets = draw_streets(np.random.default_rng(seed), land, lambda u, v: 70.0)
    pieces = [box.polygon for box in blocks] + [street.box.polygon for street in streets]
    assert sum(piece.area for piece in pieces) == pytest.approx(land.polygon.area)
    assert shapely.union_all(pieces).area == pytest.approx(land.polygon.area)
    assert len(blocks) > 8
    assert any(street.avenue for street in streets)
    assert not all(street.avenue for street in streets)


def test_cut_keeps_the_area():
    box = Box(0, 0, 90, 55)
    lots = cut(np.random.default_rng(1), box, 20)
    assert len(lots) > 4
    assert sum(lot.polygon.area for lot in lots) == pytest.approx(box.polygon.area)


def test_paved_streets_carry_cars_on_them():
    rng = np.random.default_rng(2)
    _, streets = draw_streets(rng, Box(-100, -100, 100, 100), lambda u, v: 60.0)
    plan = Plan(rng)
    pave(rng, streets, plan)
    roads = shapely.union_all([street.box.polygon for street in streets])
    assert plan.cars
    assert shapely.contains_xy(roads, [(car.u, car.v) for car in plan.cars]).all()
    assert {patch.material for patch in plan.patches} <= {"asphalt", "lane"}
