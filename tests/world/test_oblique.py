import numpy as np
import pytest

from landwright.world.oblique import Lean, look

SIDES = {"north": 0, "east": 90, "south": 180, "west": 270}


def tower(top=10.0):
    height = np.zeros((80, 80), np.float32)
    height[35:45, 30:40] = top
    return height


def lean(angle, azimuth):
    return Lean(np.deg2rad(angle), np.deg2rad(azimuth))


@pytest.mark.parametrize("side", SIDES)
def test_roofs_lean_by_height_and_angle(side):
    sight = look(tower(), 0.5, lean(45, SIDES[side]))  # 10 m are 20 pixels
    roof = np.argwhere(sight.height == 10)
    down, right = {"north": (-20, 0), "east": (0, 20), "south": (20, 0), "west": (0, -20)}[side]
    assert len(roof) == 100
    assert roof.min(0).tolist() == [35 + down, 30 + right]
    assert roof.max(0).tolist() == [44 + down, 39 + right]


@pytest.mark.parametrize("azimuth", [10, 37, 45, 80, 133, 199, 260, 305])
def test_any_direction(azimuth):
    sight = look(tower(), 0.5, lean(30, azimuth))
    move = 10 * np.tan(np.deg2rad(30)) / 0.5
    roof = np.argwhere(sight.height == 10)
    assert len(roof) == pytest.approx(100, abs=12)
    wanted = 39.5 - np.cos(np.deg2rad(azimuth)) * move, 34.5 + np.sin(np.deg2rad(azimuth)) * move
    assert roof.mean(0) == pytest.approx(wanted, abs=0.75)


def test_walls_rise_from_the_foot_to_the_roof():
    sight = look(tower(), 0.5, lean(45, 90))
    wall = sight.height[40, 30:50]
    assert sight.wall[40, 31:48].all()
    assert (np.diff(wall) > 0).all()
    assert wall[2] < 2 < 8 < wall[17]
    assert (sight.cols[40, 30:50] < 40).all()
    assert (sight.cols[40, 30:50] >= 30).all()


def test_ground_stays_and_what_lies_behind_is_hidden():
    sight = look(tower(), 0.5, lean(45, 90))
    rows, cols = np.indices((80, 80))
    free = np.ones((80, 80), bool)
    free[35:45, 30:60] = False
    assert np.array_equal(sight.rows[free], rows[free])
    assert np.array_equal(sight.cols[free], cols[free])
    assert not sight.height[free].any()
    assert not np.isin(np.arange(45, 60), sight.cols[40][sight.height[40] == 0]).any()


def test_the_higher_of_two_towers_is_seen():
    height = tower(20.0)
    height[35:45, 50:54] = 4.0
    sight = look(height, 0.5, lean(45, 90))
    assert (sight.height[40, 55:59] > 9).all()  # the wall of the tower, not the low roof
    assert not look(np.zeros((20, 20), np.float32), 0.5, lean(40, 10)).height.any()


def test_slopes_of_roofs_are_no_walls():
    height = np.zeros((60, 60), np.float32)
    height[20:40, 20:40] = 6 + 0.4 * np.abs(np.arange(20) - 10)[None]
    for azimuth, cols in ((60, slice(31, 38)), (250, slice(16, 24))):
        sight = look(height, 0.5, lean(25, azimuth))
        assert (sight.height[24:34, cols] > 5.9).all()
        assert not sight.wall[24:34, cols].any()


def test_beyond_the_edge_the_place_is_mirrored():
    height = np.zeros((40, 40), np.float32)
    height[:, :3] = 5
    sight = look(height, 0.5, lean(45, 90))
    assert (sight.height[:, :13] > 0).all()
    assert (sight.cols >= 0).all()
