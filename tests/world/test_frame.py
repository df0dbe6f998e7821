import numpy as np
import pytest

from landwright.world.frame import draw_frame
from landwright.world.noise import stream


@pytest.fixture
def frame():
    return draw_frame(stream(5, "frame"), 200, 0.5, 1.0)


def test_image_and_layout_are_inverse(frame):
    u, v = np.random.default_rng(0).uniform(-frame.reach, frame.reach, (2, 500))
    back = frame.layout(*frame.image(u, v))
    assert np.allclose(back, (u, v), atol=1e-4)


def test_pixels_and_layout_of_pixels_are_inverse(frame):
    rows, cols = np.array([0, 7, 199]), np.array([3, 100, 199])
    col, row = frame.pixels(*frame.layout_of_pixels(rows, cols))
    assert np.allclose(col, cols + 0.5, atol=1e-3)
    assert np.allclose(row, rows + 0.5, atol=1e-3)


def test_reach_covers_the_scene(frame):
    half = frame.extent / 2
    corners = np.array([-half, half, half, -half]), np.array([-half, -half, half, half])
    assert np.abs(frame.layout(*corners)).max() <= frame.reach


def test_without_bend_the_heading_is_the_angle():
    frame = draw_frame(stream(5, "frame"), 200, 0.5, 0.0)
    heading = frame.heading(np.array([0.0, 40.0]), np.array([0.0, -30.0]))
    assert np.allclose(np.exp(1j * heading), np.exp(1j * frame.angle))
