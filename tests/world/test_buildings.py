import numpy as np
import pytest

from landwright.world.buildings import draw_roofs
from landwright.world.frame import Frame
from landwright.world.plan import Building
from landwright.world.window import cut_window

STRAIGHT = Frame(80, 0.5, 0.0, (0.0, 0.0), (0.01, 0.01), (0.0, 0.0))


def house(u, v, roof="flat", **changes):
    return Building(u, v, 6.0, 4.0, 7.0, roof, 0.5, (100.0, 90.0, 80.0, 70.0), 0)._replace(**changes)


@pytest.mark.parametrize("roof", ["flat", "gable", "tier"])
def test_footprint_and_height(roof):
    roofs = draw_roofs(np.random.default_rng(0), [house(2, -3, roof)], STRAIGHT)
    assert (roofs.index > 0).sum() == 24 * 16
    assert (roofs.index[26:42, 32:56] == 1).all()
    inside = roofs.index > 0
    assert roofs.height[inside].min() >= 7
    assert np.allclose((roofs.height - roofs.relief)[inside], 7)
    assert not roofs.height[~inside].any()
    assert roofs.colour[0][inside].mean() > roofs.colour[3][inside].mean()


def test_the_ridge_follows_the_longer_side():
    wide, deep = (
        draw_roofs(np.random.default_rng(0), [house(0, 0, "gable", half_u=u, half_v=v)], STRAIGHT).relief
        for u, v in ((8, 3), (3, 8))
    )
    assert np.ptp(wide[40, 26:54]) < 0.2 < np.ptp(wide[35:45, 40])
    assert np.ptp(deep[26:54, 40]) < 0.2 < np.ptp(deep[40, 35:45])


def test_order_of_buildings_outside_does_not_matter_to_those_inside():
    roofs = draw_roofs(np.random.default_rng(0), [house(900, 0), house(0, 0)], STRAIGHT)
    assert set(np.unique(roofs.index)) == {0, 2}
    assert not draw_roofs(np.random.default_rng(0), [], STRAIGHT).index.any()


def test_windows_outside_the_scene_are_none():
    assert cut_window(STRAIGHT, -50.0, 10.0, 0.3, (4.0, 2.0)) is None
    assert cut_window(STRAIGHT, 1.0, 79.0, 0.3, (4.0, 2.0)) is not None
