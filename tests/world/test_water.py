import numpy as np
import shapely

from landwright.world.frame import draw_frame
from landwright.world.noise import stream
from landwright.world.plan import Box, Plan
from landwright.world.style import STYLES
from landwright.world.water import clear_buildings, clear_trees, river_course, sea_shore

FRAME = draw_frame(stream(3, "frame"), 300, 0.5, 0.5)
GREY = (100.0, 100.0, 100.0, 100.0)


def plan():
    return Plan(np.random.default_rng(0))


def test_rivers_cross_and_seas_lie_at_a_side():
    river, sea = plan(), plan()
    course = river_course(np.random.default_rng(1), FRAME, STYLES["edge"], river)
    shore = sea_shore(np.random.default_rng(1), FRAME, sea)
    assert river.patches[-1].material == "water"
    assert [patch.material for patch in sea.patches] == ["straw", "sand", "sea"]
    for wet, laid in ((course, river), (shore, sea)):
        assert all(shapely.contains(wet, patch.shape) for patch in laid.patches if patch.material in ("water", "sea"))
    assert 0.02 < course.intersection(shapely.box(-75, -75, 75, 75)).area / 150**2 < 0.5


def test_groups_that_touch_go_and_others_stay():
    town = plan()
    clear_buildings(town, shapely.box(0, 0, 1, 1))
    town.building(Box(-2, -2, 0.5, 0.5), 5, "flat", GREY)
    town.building(Box(5, 5, 6, 6), 5, "flat", GREY, joined=True)
    town.building(Box(8, 8, 9, 9), 5, "flat", GREY)
    town.tree(0.5, 0.5)
    town.tree(3, 3)
    clear_buildings(town, shapely.box(0, 0, 1, 1))
    clear_trees(town, shapely.box(0, 0, 1, 1))
    assert [b.u for b in town.buildings] == [8.5]
    assert [tree.u for tree in town.trees] == [3]
