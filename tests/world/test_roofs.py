import numpy as np
import pytest

from landwright.world.roofs import roof_shade, roof_shape

A, B = 8.0, 5.0
P, Q = np.meshgrid(np.linspace(-7.9, 7.9, 80, dtype=np.float32), np.linspace(-4.9, 4.9, 50, dtype=np.float32))


@pytest.mark.parametrize("kind", ["flat", "gable", "hip", "mono", "barrel", "saw", "tier"])
def test_roofs_rise_over_their_eaves(kind):
    top = roof_shape(kind, P, Q, A, B, 0.5, 9.0)
    shade = roof_shade(kind, P, Q, A, B, 0.3)
    assert top.shape == shade.shape == P.shape
    assert top.dtype == shade.dtype == np.float32
    assert top.min() >= 0
    assert top.max() > 0.3
    assert 0.8 < shade.mean() < 1.2


def test_gable_and_hip_differ_at_the_short_ends():
    gable, hip = (roof_shape(kind, P, Q, A, B, 0.5, 9.0) for kind in ("gable", "hip"))
    middle = 25, 40
    assert gable[middle] == pytest.approx(2.45, abs=0.1)
    assert gable[middle] == pytest.approx(hip[middle])
    assert gable[25, 1] > 2
    assert hip[25, 1] < 0.3
