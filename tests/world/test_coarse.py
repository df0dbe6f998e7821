import numpy as np
import pytest

from landwright.world.coarse import draw_coarse
from landwright.world.materials import BARE, FIELD, WATER


def coarse(classes, **options):
    settings = {"gsd": 1.0, "corner": (507.0, 1013.0), "cell": 20.0, "outdated": 0.0} | options
    return draw_coarse(np.random.default_rng(0), classes, **settings)


def test_the_grid_is_the_products_own_and_covers_the_scene():
    product = coarse(np.full((100, 250), FIELD, np.uint8))
    assert product.corner == (500.0, 1020.0)
    assert product.codes.shape == (6, 13)
    assert product.codes.dtype == np.uint8


def test_cells_take_the_commonest_class():
    classes = np.full((800, 800), WATER, np.uint8)
    classes[:, 400:] = BARE
    product = coarse(classes, corner=(0.0, 800.0))
    assert product.codes.shape == (40, 40)
    assert (product.codes[:, :20] == WATER).mean() > 0.9
    assert (product.codes[:, 20:] == BARE).mean() > 0.75


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_outdated_share_is_as_asked_and_lies_in_patches(share):
    classes = np.full((1000, 1000), FIELD, np.uint8)
    now, old = (coarse(classes, corner=(0.0, 1000.0), outdated=part).codes for part in (0.0, share))
    changed = now != old
    assert changed.mean() == pytest.approx(share, abs=0.04)
    beside = np.roll(changed, 1, 1)[changed].mean()
    assert beside > 0.5  # chance alone would give the share
