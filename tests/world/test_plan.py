import numpy as np
import pytest

from landwright.world.plan import Box, Plan, Strip, across


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
