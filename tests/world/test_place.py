import numpy as np
import pytest
import shapely

from landwright.world.frame import draw_frame
from landwright.world.noise import stream
from landwright.world.place import draw_place
from landwright.world.plan import LAND, RIVER, SEA
from landwright.world.style import STYLES, get_family


def place(seed, style):
    frame = draw_frame(stream(seed, "frame"), 400, 0.5, STYLES[style].bend)
    return draw_place(seed, frame, STYLES[style], get_family("grid_g05_mid"))


@pytest.mark.parametrize("style", STYLES)
def test_a_place_has_land_buildings_trees_and_cars(style):
    plan = place(1, style)
    assert plan.buildings
    assert plan.trees
    assert plan.cars
    assert sum(patch.layer == LAND for patch in plan.patches) > 20


def wet(plan, layer):
    return shapely.union_all([p.shape for p in plan.patches if p.layer == layer and p.material in ("water", "sea")])


@pytest.mark.parametrize(("style", "layer"), [("edge", RIVER), ("coastal", SEA)])
def test_buildings_and_trees_keep_out_of_rivers_and_the_sea(style, layer):
    plans = [plan for plan in (place(seed, style) for seed in range(6)) if not wet(plan, layer).is_empty]
    assert plans
    for plan in plans:
        water = wet(plan, layer)
        houses = shapely.box(
            *np.array([(b.u - b.half_u, b.v - b.half_v, b.u + b.half_u, b.v + b.half_v) for b in plan.buildings]).T
        )
        assert not shapely.intersects(houses, water).any()
        assert not shapely.contains_xy(water, [(tree.u, tree.v) for tree in plan.trees]).any()


def test_a_place_depends_on_nothing_but_its_arguments():
    first, again, other = place(4, "edge"), place(4, "edge"), place(5, "edge")
    assert first.buildings == again.buildings
    assert first.trees == again.trees
    assert first.buildings != other.buildings
