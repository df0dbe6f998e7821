import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.world import make_scene
from landwright.world.sensor import SENSORS, Sensor, get_sensor, take

LIGHT = np.random.default_rng(0).uniform(20, 220, (4, 45, 61)).astype(np.float32)


def shoot(light=LIGHT, **settings):
    return take(np.random.default_rng(1), light, Sensor(**settings), 0.5, 2.0)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match="hazy"):
        get_sensor("x-ray")


@pytest.mark.parametrize("name", [name for name in SENSORS if name != "default"])
def test_a_sensor_changes_the_pictures_and_nothing_else(name):
    plain, other = (make_scene(3, size=96, style="edge", sensor=sensor) for sensor in ("default", name))
    assert other.sensor == name
    for mine, theirs in ((plain.image, other.image), (plain.before, other.before)):
        assert np.abs(mine.astype(int) - theirs).mean() > 5
    for label in ("classes", "height", "change", "coarse"):
        assert np.array_equal(getattr(plain, label), getattr(other, label))
    assert np.array_equal(other.image, make_scene(3, size=96, style="edge", sensor=name).image)


def test_near_infrared_moves_nothing():
    three, four = (make_scene(3, size=64, style="edge", sensor="soft", nir=nir) for nir in (False, True))
    assert np.array_equal(three.image, four.image[:3])


def test_haze_takes_contrast_and_turns_the_picture_to_the_colour_of_the_air():
    hazy = shoot(veil=0.5, air=(140, 160, 200, 100))
    assert hazy[1].std() < 0.6 * shoot()[1].std()
    assert hazy[2].mean() > hazy[0].mean() + 20


def test_tones():
    assert shoot(balance=(1.3, 1, 0.7, 1))[0].mean() > shoot(balance=(1.3, 1, 0.7, 1))[2].mean() + 40
    assert shoot(gamma=1.5).mean() < shoot().mean() - 15
    assert np.ptp(shoot(saturation=0.0)[:3].astype(int), axis=0).mean() < 8
    assert shoot(contrast=1.4).std() > 1.15 * shoot().std()


def test_noise_and_grain():
    flat = np.full((4, 64, 64), 100, np.float32)
    assert shoot(flat, noise=3).std() == pytest.approx(6, rel=0.05)
    grain = shoot(flat, noise=3, grain=1.0).astype(int)
    assert grain.std() == pytest.approx(6, rel=0.1)
    assert np.diff(grain).std() < 0.8 * grain.std()


@pytest.mark.parametrize("blunt", [{"spread": 1.2}, {"sampling": 2.0}])
def test_soft_pictures_keep_their_shape_and_their_light(blunt):
    soft, sharp = shoot(noise=0, **blunt), shoot(noise=0)
    assert soft.shape == sharp.shape
    assert np.abs(np.diff(soft.astype(int))).mean() < 0.7 * np.abs(np.diff(sharp.astype(int))).mean()
    assert soft.mean() == pytest.approx(sharp.mean(), abs=1)


def test_resampling_keeps_straight_lines_straight():
    ramp = np.broadcast_to(np.linspace(40, 200, 60, dtype=np.float32), (4, 60, 60)).copy()
    soft = shoot(ramp, noise=0, sampling=1.7).astype(float)
    assert np.abs(soft - ramp)[:, :, 4:-4].max() < 1


def test_blocks_lose_detail_but_no_tone():
    fine, rough = shoot(noise=0, block=0.5).astype(int), shoot(noise=0, block=40.0).astype(int)
    whole = shoot(noise=0).astype(int)
    assert np.abs(fine - whole).mean() < 2
    assert np.abs(rough - whole).mean() > 3 * np.abs(fine - whole).mean()
    assert np.abs(rough.mean((1, 2)) - whole.mean((1, 2))).max() < 6
