import numpy as np
import pytest
from shapely.geometry import LineString

from landwright.world.plan import Box, Curve, Pattern, Plan, Strip, across


def test_box_shrinks_no_further_than_its_middle():
    assert Box(0, 0, 4, 10).shrink(1) == Box(1, 1, 3, 9)
    assert Box(0, 0, 4, 10).shrink(3) == Box(2, 3, 2, 7)


@pytest.mark.parametrize(("along", "flipped"), [("u", False), ("u", True), ("v", False), ("v", True)])
def test_strip_counts_from_its_own_street(along, flipped):
    box = Box(10, 20, 40, 32)
    strip = Strip(box, along, flipped)
    inner = strip.rectangle(1, 2, 5, 6)
    assert (inner.width, inner.height) == (4, 4)
    assert box.u0 <= inner.u0 < inner.u1 <= box.u1
    assert box.v0 <= inner.v0 < inner.v1 <= box.v1
    gap = {
        ("u", False): inner.v0 - 20,
        ("u", True): 32 - inner.v1,
        ("v", False): inner.u0 - 10,
        ("v", True): 40 - inner.u1,
    }
    assert gap[along, flipped] == 2
    assert strip.length == (30 if along == "u" else 12)
    assert {along, across(along)} == {"u", "v"}


def test_joined_buildings_share_a_group():
    plan = Plan(np.random.default_rng(0))
    for joined in (False, True, False):
        plan.building(Box(0, 0, 8, 6), 5, "flat", (1, 2, 3, 4), joined=joined)
    assert [building.group for building in plan.buildings] == [0, 0, 1]
    assert plan.groups == 2


def test_parts_are_turned_and_moved_as_a_whole():
    part, plan = Plan(np.random.default_rng(0)), Plan(np.random.default_rng(0))
    plan.building(Box(0, 0, 1, 1), 3, "flat", (1, 1, 1, 1))
    part.patch(Box(0, 0, 4, 2), "parking", pattern=Pattern("stalls", "u", 0.0, 2.5))
    part.patch(Box(0, 0, 4, 2), "asphalt", pattern=Curve(LineString([(0, 0), (4, 0)]), 1.0))
    part.building(Box(0, 0, 4, 2), 3, "flat", (1, 1, 1, 1))
    part.tree(4, 0)
    part.car(4, 0, "u")
    plan.place(part, 10, 20, np.pi / 2)
    assert plan.patches[0].shape.bounds == pytest.approx((8, 20, 10, 24))
    assert plan.patches[0].pattern.pose == (10, 20, np.pi / 2)
    assert plan.patches[1].pattern is None
    building = plan.buildings[1]
    assert (building.u, building.v, building.turn, building.group) == pytest.approx((9, 22, np.pi / 2, 1))
    assert plan.groups == 2
    for thing in (plan.trees[0], plan.cars[0]):
        assert (thing.u, thing.v) == pytest.approx((10, 24))
    assert plan.cars[0].turn == np.pi / 2
