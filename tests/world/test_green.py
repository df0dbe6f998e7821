import numpy as np
import pytest
import shapely

from landwright.world import green
from landwright.world.materials import BARE, CROPS, MATERIALS, RANGE, WATER
from landwright.world.plan import Box, Plan
from landwright.world.style import STYLES

BLOCK = Box(5, -30, 95, 40)


def fill(kind, seed):
    rng = np.random.default_rng(seed)
    plan = Plan(rng)
    getattr(green, kind)(rng, BLOCK, STYLES["edge"], plan)
    return plan


@pytest.mark.parametrize("kind", ["park", "wood", "field", "bare", "lake"])
def test_patches_and_trees_stay_in_the_block(kind):
    for seed in range(8):
        plan = fill(kind, seed)
        assert plan.patches[0].shape.equals(BLOCK.polygon)
        assert all(-3 < tree.u - BLOCK.u0 < 93 and -3 < tree.v - BLOCK.v0 < 73 for tree in plan.trees)
        ponds = [p for p in plan.patches if MATERIALS[p.material].code != WATER]
        assert all(p.shape.within(BLOCK.polygon.buffer(15)) for p in ponds)


def test_each_kind_is_mostly_what_it_is_called():
    assert MATERIALS[fill("bare", 0).patches[0].material].code == BARE
    assert MATERIALS[fill("park", 0).patches[0].material].code == RANGE
    assert len(fill("wood", 0).trees) > 100
    crops = [p for p in fill("field", 0).patches if p.material in CROPS]
    assert shapely.union_all([p.shape for p in crops]).area > 0.7 * BLOCK.polygon.area
    assert all(p.pattern.kind == "rows" for p in crops)
    water = [p for p in fill("lake", 0).patches if p.material == "water"]
    assert water[0].shape.area > 0.2 * BLOCK.polygon.area


def test_blobs_are_valid_and_about_as_large_as_asked():
    for seed in range(20):
        shape = green.blob(np.random.default_rng(seed), 3.0, -4.0, 10.0, 6.0)
        assert shape.is_valid
        assert 0.4 < shape.area / (np.pi * 60) < 1.6
