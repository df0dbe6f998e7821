import numpy as np
import pytest

from landwright.world.noise import blur, box_mean, field, stream


def test_streams_repeat_and_differ_by_purpose():
    assert stream(3, "a").integers(1 << 30) == stream(3, "a").integers(1 << 30)
    assert stream(3, "a").integers(1 << 30) != stream(3, "b").integers(1 << 30)
    assert stream(3, "a").integers(1 << 30) != stream(4, "a").integers(1 << 30)


@pytest.mark.parametrize("size", [16, 97])
def test_field_is_standardised_and_smoother_with_slope(size):
    rough, smooth = (field(stream(0, "f"), size, gsd=0.5, scale=10, slope=slope) for slope in (0.0, 4.0))
    for values in (rough, smooth):
        assert values.shape == (size, size)
        assert values.dtype == np.float32
        assert abs(values.mean()) < 1e-4
        assert values.std() == pytest.approx(1, abs=1e-4)
    assert np.abs(np.diff(smooth)).mean() < 0.5 * np.abs(np.diff(rough)).mean()


def test_filters_keep_constants_and_the_mean():
    flat = np.full((2, 9, 7), 5, np.float32)
    assert np.allclose(blur(flat, 0.6), 5)
    assert np.allclose(box_mean(flat[0], 3), 5)
    spot = np.zeros((15, 15), np.float32)
    spot[7, 7] = 1
    assert blur(spot, 0.7).sum() == pytest.approx(1, abs=1e-5)
    assert np.allclose(box_mean(spot, 1)[6:9, 6:9], 1 / 9)
