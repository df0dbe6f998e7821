import numpy as np
import pytest
import shapely

from landwright.world.frame import draw_frame
from landwright.world.noise import stream
from landwright.world.relief import draw_relief

FRAME = draw_frame(stream(3, "frame"), 256, 0.5, 0.5)


def relief(seed=0, strength=0.05, water=None):
    return draw_relief(np.random.default_rng(seed), FRAME, strength, water)


def test_strength_sets_the_height_of_the_hills():
    low, high = relief(strength=0.01), relief(strength=0.05)
    assert high.elevation.min() >= 0
    assert np.allclose(high.elevation, 5 * low.elevation, rtol=1e-4)
    assert 0.01 * FRAME.extent < high.elevation.std() < 0.1 * FRAME.extent


def test_readings_agree_with_the_nodes():
    land = relief()
    u, v = land.nodes()
    assert np.allclose(land.at(land.elevation, u[5:-5, 5:-5], v[5:-5, 5:-5]), land.elevation[5:-5, 5:-5], atol=1e-3)
    smooth = land.smooth(u, v)
    assert np.abs(smooth - land.elevation).max() < 0.02 * np.ptp(land.elevation)
    row, col = land.node(float(u[40, 70]), float(v[40, 70]))
    assert (row, col) == (40, 70)
    assert land.rise(float(u[40, 70]), float(v[40, 70])) == pytest.approx(tuple(land.slope[:, 40, 70]))
    assert land.node(1e6, -1e6) == (0, len(u) - 1)


def test_water_is_the_lowest_ground():
    water = shapely.box(-500, -8, 500, 8)
    land = relief(water=water)
    _, v = land.nodes()
    assert not land.elevation[np.abs(v) < 8].any()
    assert land.elevation[np.abs(v) > 60].mean() > 1


def test_smooth_has_no_creases():
    land = relief()
    u = np.linspace(-50, 50, 4000)
    line = land.smooth(u, np.full_like(u, 3.0)).astype(np.float64)
    slopes = np.diff(line, 1) / np.diff(u)
    assert np.abs(np.diff(slopes)).max() < 0.05
