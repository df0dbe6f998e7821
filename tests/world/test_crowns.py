import numpy as np
import pytest

from landwright.world.crowns import draw_crowns
from landwright.world.frame import Frame
from landwright.world.plan import Tree

STRAIGHT = Frame(80, 0.5, 0.0, (0.0, 0.0), (0.01, 0.01), (0.0, 0.0))
SOIL = np.ones((80, 80), bool)


@pytest.mark.parametrize("conifer", [False, True])
def test_a_crown_is_round_and_as_high_as_its_tree(conifer):
    crowns = draw_crowns(np.random.default_rng(0), [Tree(0, 0, 4.0, 12.0, conifer)], STRAIGHT, SOIL)
    inside = crowns.index == 1
    assert 0.6 < inside.sum() / (np.pi * 8**2) < 1.5
    assert 9 < crowns.height.max() <= 12
    assert crowns.height[inside].min() > 3
    assert not crowns.height[~inside].any()
    assert crowns.relief.max() > 2


def test_trees_need_ground_and_the_taller_hides_the_lower():
    soil = SOIL.copy()
    soil[:, 60:] = False
    trees = [Tree(0, 0, 3.0, 14.0, False), Tree(1, 0, 3.0, 5.0, False), Tree(15, 0, 3.0, 9.0, False)]
    crowns = draw_crowns(np.random.default_rng(0), trees, STRAIGHT, soil)
    assert set(np.unique(crowns.index)) == {0, 1, 2}
    assert crowns.index[40, 40] == 1


def test_crowns_reach_in_from_outside_and_empty_lists_are_fine():
    crowns = draw_crowns(np.random.default_rng(0), [Tree(-21, -21, 4.0, 9.0, False)], STRAIGHT, SOIL)
    assert crowns.index[:5, :5].any()
    far = draw_crowns(np.random.default_rng(0), [Tree(-90, 0, 4.0, 9.0, False)], STRAIGHT, SOIL)
    assert not far.index.any()
    assert not draw_crowns(np.random.default_rng(0), [], STRAIGHT, SOIL).index.any()
