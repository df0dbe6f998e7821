from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.prepare.segments import object_and_boundary, partition_maps


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((40, 50), bool)
    mask[rows, columns] = True
    return mask


def test_smaller_masks_cover_larger_ones() -> None:
    masks = np.stack([box(np.s_[10:20], np.s_[10:20]), box(np.s_[2:38], np.s_[2:48]), box(np.s_[0:3], np.s_[0:3])])
    objects, boundary = object_and_boundary(masks)
    assert (objects.dtype, boundary.dtype) == (np.uint16, np.bool_)
    assert (objects[5, 5], objects[15, 15], objects[1, 1]) == (1, 2, 0)
    # Two pixels wide, also around what is too small for an object, and no object on them.
    assert boundary[15, 9] and boundary[15, 10] and not boundary[15, 11] and not boundary[15, 8]
    assert boundary[1, 2] and boundary[1, 3]
    assert not objects[boundary].any()


def test_the_number_of_objects_can_be_limited() -> None:
    masks = np.stack([box(np.s_[0:20], np.s_[0:20]), box(np.s_[20:40], np.s_[0:25]), box(np.s_[0:8], np.s_[40:50])])
    assert object_and_boundary(masks)[0].max() == 3
    assert object_and_boundary(masks, most=None)[0].max() == 3
    assert object_and_boundary(masks, most=2)[0].max() == 2
    assert object_and_boundary(masks, smallest=81)[0].max() == 2


def test_equal_areas_keep_their_order() -> None:
    masks = np.stack([box(np.s_[0:10], np.s_[0:10]), box(np.s_[20:30], np.s_[20:30])])
    objects, _ = object_and_boundary(masks)
    assert (objects[5, 5], objects[25, 25]) == (1, 2)


def test_boundaries_are_those_of_whole_masks() -> None:
    from skimage.segmentation import find_boundaries

    masks = np.stack(
        [
            np.random.default_rng(5).random((40, 50)) > 0.7,
            box(np.s_[0:40], np.s_[0:50]),
            box(np.s_[0:5], np.s_[45:50]),
            box(np.s_[39:40], np.s_[0:1]),
            np.zeros((40, 50), bool),
        ]
    )
    for mask in masks:
        np.testing.assert_array_equal(object_and_boundary(mask[None])[1], find_boundaries(mask, mode="thick"))


def test_no_masks() -> None:
    objects, boundary = object_and_boundary(np.zeros((0, 4, 6), bool))
    assert objects.shape == boundary.shape == (4, 6)
    assert not objects.any() and not boundary.any()


def test_masks_are_taken_one_at_a_time() -> None:
    """Only one is held at full size: a hundred of a megabyte each, and peaks of a few megabytes."""
    side, number = 1024, 100

    class Squares:
        shape = (number, side, side)
        asked = 0

        def __getitem__(self, place: int, /) -> np.ndarray:
            self.asked += 1
            mask = np.zeros((side, side), bool)
            mask[place * 10 : place * 10 + 30, place * 5 : place * 5 + 20 + place % 7] = True
            return mask

    masks = Squares()
    tracemalloc.start()
    objects, boundary = object_and_boundary(masks, most=60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * side**2
    assert masks.asked == number + 60
    whole = np.stack([masks[place] for place in range(number)])
    for found, expected in zip((objects, boundary), object_and_boundary(whole, most=60), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_partition_gives_what_its_masks_give() -> None:
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 9, (8, 10))
    segments = np.unique(np.kron(coarse, np.ones((5, 5), int)), return_inverse=True)[1].reshape(40, 50)
    masks = np.stack([segments == number for number in range(segments.max() + 1)])
    for most, smallest in ((None, 50), (4, 50), (None, 200)):
        for left, right in zip(
            object_and_boundary(masks, most=most, smallest=smallest),
            partition_maps(segments, most=most, smallest=smallest),
            strict=True,
        ):
            np.testing.assert_array_equal(left, right)


def test_without_scikit_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(UsageError, match="scikit-image"):
        object_and_boundary(np.zeros((0, 4, 6), bool))
