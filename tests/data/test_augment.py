import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.augment import augment, draw_zoom
from landwright.data.reading import Patch
from landwright.recipe import AugmentSpec


def patch(size: int = 6) -> Patch:
    mask = torch.arange(size * size, dtype=torch.uint8).reshape(size, size)
    image = torch.stack([mask.float(), mask.float() * 10 + 3])
    valid = mask != 4
    return Patch(torch.where(valid, image, 0), torch.where(valid, mask, 255), valid)


@given(st.integers(0, 500), st.booleans(), st.booleans())
def test_image_mask_and_validity_move_together(seed: int, flip: bool, rotate: bool) -> None:
    changed = augment(patch(), AugmentSpec(flip=flip, rotate=rotate), np.random.default_rng(seed))
    assert torch.equal(changed.image[0], torch.where(changed.valid, changed.mask, 0).float())
    assert changed.mask.unique().tolist() == [*[n for n in range(36) if n != 4], 255]
    assert ((changed.mask == 255) == ~changed.valid).all()
    if not flip and not rotate:
        assert torch.equal(changed.image, patch().image)


def test_all_eight_positions_occur() -> None:
    seen = {
        tuple(augment(patch(2), AugmentSpec(), np.random.default_rng(seed)).mask.flatten().tolist())
        for seed in range(100)
    }
    assert len(seen) == 8


def test_colour_changes_bands_apart_and_in_sensor_units() -> None:
    plain = AugmentSpec(flip=False, rotate=False, colour=0.2)
    before = patch(16)
    after = augment(before, plain, np.random.default_rng(0))
    assert torch.equal(after.mask, before.mask) and (after.image[:, ~after.valid] == 0).all()
    means = after.image[:, after.valid].mean(1) / before.image[:, before.valid].mean(1)
    spreads = after.image[:, after.valid].std(1) / before.image[:, before.valid].std(1)
    for ratio in (means, spreads):
        assert ratio[0] != pytest.approx(ratio[1])
        assert ((ratio - 1).abs() <= 0.2 + 1e-5).all()
    # Twice as bright a tile is changed in proportion: nothing is scaled by the tile's own range.
    double = augment(before._replace(image=before.image * 2), plain, np.random.default_rng(0))
    torch.testing.assert_close(double.image, after.image * 2)


def test_a_tile_without_valid_pixels_stays() -> None:
    empty = patch()._replace(image=torch.zeros(2, 6, 6), valid=torch.zeros(6, 6, dtype=torch.bool))
    assert not augment(empty, AugmentSpec(colour=0.5), np.random.default_rng(0)).image.any()


def test_zoom_is_log_uniform() -> None:
    rng = np.random.default_rng(0)
    draws = np.array([draw_zoom(AugmentSpec(zoom=(0.5, 2)), rng) for _ in range(2000)])
    assert draws.min() >= 0.5 and draws.max() <= 2
    assert np.median(draws) == pytest.approx(1, abs=0.05)
    assert draw_zoom(AugmentSpec(), rng) == 1


@given(st.integers(0, 99))
def test_heights_move_with_the_mask_and_stay_metres(seed: int) -> None:
    before = patch()
    before = before._replace(height=torch.where(before.valid, before.mask * 2.5, torch.nan))
    after = augment(before, AugmentSpec(colour=0.2), np.random.default_rng(seed))
    torch.testing.assert_close(after.height, torch.where(after.valid, after.mask * 2.5, torch.nan), equal_nan=True)
    assert augment(patch(), AugmentSpec(), np.random.default_rng(seed)).height is None
