import numpy as np
import pytest

from landwright.world.light import Sun, illuminate, sunlit

SOUTH = Sun(np.pi, np.deg2rad(45))


def tower(height=10.0):
    surface = np.zeros((61, 61), np.float32)
    surface[40:45, 28:33] = height
    return surface


def test_a_tower_casts_its_shadow_away_from_the_sun():
    lit = sunlit(tower(), 0.5, SOUTH)
    assert lit[21:40, 30].max() < 0.2  # 10 m at 45 degrees are 20 pixels
    assert lit[:18].min() > 0.9
    assert lit[46:].min() > 0.9
    assert lit[40:45, 28:33].min() > 0.9


@pytest.mark.parametrize("azimuth", [110, 180, 215, 250])
def test_length_of_the_shadow(azimuth):
    area = (sunlit(tower(), 0.5, Sun(np.deg2rad(azimuth), np.deg2rad(45))) < 0.5).sum()
    assert area == pytest.approx(5 * 20, rel=0.45)


def test_open_ground_has_unit_light_and_slopes_face_the_sun():
    flat = np.zeros((20, 20), np.float32)
    direct, sky = illuminate(flat, flat, 0.5, SOUTH)
    assert np.allclose(direct, 1)
    assert np.allclose(sky, 1)
    relief = np.repeat(np.linspace(5, 0, 20, dtype=np.float32)[:, None], 20, 1)  # falls to the south
    assert (
        illuminate(flat, relief, 0.5, SOUTH)[0].mean()
        > 1.05
        > 0.95
        > illuminate(flat, relief[::-1], 0.5, SOUTH)[0].mean()
    )


def test_the_sky_is_dimmer_between_walls():
    _, sky = illuminate(tower(), np.zeros((61, 61), np.float32), 0.5, SOUTH)
    assert sky[39, 30] < 0.97
    assert sky[5, 5] == 1


def test_rising_land_is_shaded_and_plain_land_is_not():
    flat, north = np.zeros((20, 20), np.float32), np.full((20, 20), -0.4, np.float32)  # falls to the south
    assert illuminate(flat, flat, 0.5, SOUTH, (north, flat))[0].mean() > 1.2
    assert illuminate(flat, flat, 0.5, SOUTH, (-north, flat))[0].mean() < 0.8
    assert np.allclose(illuminate(flat, flat, 0.5, SOUTH, (flat, flat))[0], 1)
