from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_cohen_kappa,
    multiclass_f1_score,
    multiclass_jaccard_index,
)

from landwright.evaluation.confusion import IGNORE, confusion, scores

NAMES = ("road", "building", "tree", "water")


def masks(shape=(7, 9), classes=4):
    return arrays(np.uint8, shape, elements=st.sampled_from([*range(classes), IGNORE]))


def test_counts_by_hand():
    reference = np.array([[0, 0, 1, 1], [255, 1, 0, 2]], np.uint8)
    prediction = np.array([[0, 1, 1, 1], [1, 255, 0, 2]], np.uint8)
    counts = confusion(reference, prediction, 3)
    assert counts.dtype == torch.int64
    assert counts.tolist() == [[2, 1, 0, 0], [0, 2, 0, 1], [0, 0, 1, 0]]


def test_scores_by_hand():
    table = scores(np.array([[6, 2, 0], [1, 8, 0], [1, 0, 2]]), ("a", "b", "c"))
    a, b, c = table.classes
    assert (a.iou, a.precision, a.recall, a.f1) == pytest.approx((6 / 10, 6 / 8, 6 / 8, 12 / 16))
    assert (b.iou, c.iou) == pytest.approx((8 / 11, 2 / 3))
    assert table.miou == pytest.approx((6 / 10 + 8 / 11 + 2 / 3) / 3)
    assert table.oa == pytest.approx(16 / 20)
    chance = (8 * 8 + 9 * 10 + 3 * 2) / 400
    assert table.kappa == pytest.approx((0.8 - chance) / (1 - chance))
    assert table.fwiou == pytest.approx((8 * 0.6 + 9 * 8 / 11 + 3 * 2 / 3) / 20)


def test_missed_pixels_are_errors_of_nobody():
    table = scores(np.array([[6, 2], [1, 8]]), ("a", "b"), missed=[2, 0])
    a, b = table.classes
    assert (a.iou, a.precision, a.recall, a.reference) == pytest.approx((6 / 11, 6 / 7, 6 / 10, 10))
    assert b == scores(np.array([[6, 2], [1, 8]]), ("a", "b")).classes[1]
    assert table.oa == pytest.approx(14 / 19)
    chance = (10 * 7 + 9 * 10) / 19**2
    assert table.kappa == pytest.approx((14 / 19 - chance) / (1 - chance))
    with pytest.raises(ValueError, match="missed"):
        scores(np.zeros((2, 2)), ("a", "b"), missed=[1, 2, 3])


def test_absent_class_has_no_score_and_is_not_in_the_mean():
    table = scores(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]), ("a", "b", "c"))
    absent = table.classes[2]
    assert (absent.iou, absent.f1, absent.precision, absent.recall, absent.in_mean) == (None,) * 4 + (False,)
    assert table.miou == pytest.approx((3 / 4 + 4 / 5) / 2)


def test_class_predicted_but_not_in_the_reference_scores_zero():
    table = scores(np.array([[3, 1], [0, 0]]), ("a", "b"))
    assert table.classes[1].iou == 0
    assert table.classes[1].precision == 0
    assert table.classes[1].recall is None
    assert table.miou == pytest.approx(0.375)


def test_never_predicted_class_has_recall_zero_and_no_precision():
    row = scores(np.array([[3, 0], [2, 0]]), ("a", "b")).classes[1]
    assert (row.iou, row.f1, row.recall, row.precision) == (0, 0, 0, None)


def test_empty_matrix_has_no_scores():
    table = scores(np.zeros((2, 2), int), ("a", "b"))
    assert (table.miou, table.mf1, table.oa, table.kappa, table.fwiou) == (None,) * 5


def test_one_class_only_has_no_kappa():
    assert scores(np.array([[5, 0], [0, 0]]), ("a", "b")).kappa is None


def test_left_out_class_is_scored_but_not_in_the_mean():
    table = scores(np.array([[3, 1], [0, 4]]), ("a", "b"), leave_out=("b",))
    assert table.miou == pytest.approx(0.75)
    assert table.classes[1].iou == pytest.approx(0.8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64])
def test_dtypes_and_tensors_agree(dtype):
    random = np.random.default_rng(0)
    reference, prediction = random.integers(0, 4, (2, 20, 30)).astype(dtype)
    assert torch.equal(
        confusion(reference, prediction, 4), confusion(torch.from_numpy(reference), torch.from_numpy(prediction), 4)
    )


@pytest.mark.parametrize("value", [4, 254, -1])
def test_index_out_of_range_is_refused(value):
    good = np.zeros((2, 2), np.int64)
    for pair, what in (((good + value, good), "reference"), ((good, good + value), "prediction")):
        with pytest.raises(ValueError, match=what):
            confusion(*pair, 4)


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        confusion(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 2)


def test_matrix_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        scores(np.zeros((2, 3), int), ("a", "b"))


@settings(max_examples=40, deadline=None)
@given(masks(), masks())
def test_every_reference_pixel_is_counted_once(reference, prediction):
    counts = confusion(reference, prediction, 4).numpy()
    assert counts.sum() == (reference != IGNORE).sum()
    assert counts[:, -1].sum() == ((reference != IGNORE) & (prediction == IGNORE)).sum()


@settings(max_examples=40, deadline=None)
@given(masks(), masks(), st.integers(0, 6))
def test_parts_add_up_to_the_whole(reference, prediction, row):
    whole = confusion(reference, prediction, 4)
    parts = confusion(reference[:row], prediction[:row], 4) + confusion(reference[row:], prediction[row:], 4)
    assert torch.equal(whole, parts)


@settings(max_examples=40, deadline=None)
@given(masks(classes=3), arrays(np.uint8, (7, 9), elements=st.integers(0, 3)))
def test_scores_equal_torchmetrics(reference, prediction):
    wanted, found = torch.from_numpy(reference).long(), torch.from_numpy(prediction).long()
    if not (wanted != IGNORE).any():
        return
    table = scores(confusion(reference, prediction, 4)[:, :4], NAMES)
    options = {"num_classes": 4, "ignore_index": IGNORE}
    assert table.miou == pytest.approx(float(multiclass_jaccard_index(found, wanted, **options)), abs=1e-6)
    assert table.mf1 == pytest.approx(float(multiclass_f1_score(found, wanted, average="macro", **options)), abs=1e-6)
    assert table.oa == pytest.approx(float(multiclass_accuracy(found, wanted, average="micro", **options)), abs=1e-6)
    if table.kappa is not None:
        assert table.kappa == pytest.approx(float(multiclass_cohen_kappa(found, wanted, **options)), abs=1e-5)
