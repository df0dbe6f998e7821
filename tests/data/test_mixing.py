from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landwright.data.mixing import classmix_mask, cutmix_mask
from landwright.legends import IGNORE


@given(seed=st.integers(0, 1000), classes=st.integers(1, 9))
def test_half_of_the_classes_are_taken_whole(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(12 * 12) % (classes + 1)).reshape(12, 12)
    labels[labels == classes] = IGNORE
    mask = classmix_mask(labels, rng)
    taken = set(labels[mask].tolist())
    assert len(taken) == (classes + 1) // 2
    assert IGNORE not in taken
    assert taken.isdisjoint(labels[~mask].tolist())


def test_unknown_ground_is_taken_in_the_published_form_alone() -> None:
    labels = np.full((3, 4), IGNORE)
    assert not classmix_mask(labels, np.random.default_rng(0)).any()
    assert classmix_mask(labels, np.random.default_rng(0), paper=True).all()


def test_the_draw_is_that_of_the_generator() -> None:
    labels = np.arange(64).reshape(8, 8)
    first, again, other = (classmix_mask(labels, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("seed", range(20))
def test_a_box_is_left_to_the_target(seed: int) -> None:
    mask = cutmix_mask((30, 50), np.random.default_rng(seed))
    assert mask.shape == (30, 50)
    rows, columns = (np.flatnonzero((~mask).any(axis)) for axis in (1, 0))
    if rows.size:
        assert not mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].any()
        assert (~mask).sum() == rows.size * columns.size


def test_boxes_are_of_all_sizes() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([cutmix_mask((64, 64), rng).mean() for _ in range(200)])
    assert shares.min() < 0.3
    assert shares.max() > 0.99
