from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from landwright.errors import UsageError
from landwright.evaluation.protocols import create_protocol
from landwright.legends import load_legend

NAMES = load_legend("chesapeake-4").names
VALUES = arrays(np.uint8, (2, 6, 7), elements=st.sampled_from([0, 1, 2, 3, 255]))


def run(reference, prediction, protocol="chesapeake-4"):
    counter = create_protocol(protocol, load_legend(protocol).names)
    counter.update(reference, prediction, name="x")
    return counter.compute()


def published(reference, prediction):
    """The figures as the reference notes tell them: 0 is nodata in both, only pixels with a reference count."""
    truth, found = (np.where(mask == 255, 0, mask + 1) for mask in (reference, prediction))
    matrix = np.zeros((5, 5))
    for one, other in zip(truth[truth > 0], found[truth > 0], strict=True):
        matrix[one, other] += 1
    right, rows, cols = np.diag(matrix)[1:], matrix.sum(1)[1:], matrix.sum(0)[1:]
    with np.errstate(invalid="ignore"):
        iou, recall = right / (rows + cols - right), right / rows
    share = rows / rows.sum()
    chance = (share * cols / rows.sum()).sum()
    accuracy = right.sum() / rows.sum()
    return {
        "miou": iou[rows + cols > 0].mean(),
        "oa": accuracy,
        "mean_recall": recall[rows > 0].mean(),
        "fwiou": np.nansum(share * iou),
        "kappa": (accuracy - chance) / (1 - chance) if chance < 1 else None,
    }


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_figures_are_those_of_the_notes(masks):
    if not ((masks[0] != 255) & (masks[1] != 255)).any():
        return
    result = run(*masks)
    assert result.values == pytest.approx(published(*masks))
    assert result.pixels == (masks[0] != 255).sum()


def test_a_pixel_without_prediction_is_a_miss():
    reference = np.array([[0, 0, 1, 1, 2, 3, 255]], np.uint8)
    prediction = np.array([[0, 255, 1, 1, 2, 3, 0]], np.uint8)
    result = run(reference, prediction)
    assert result.values["oa"] == pytest.approx(5 / 6)
    assert result.figure("iou.water") == pytest.approx(0.5)
    assert result.values["miou"] == pytest.approx(3.5 / 4)
    assert result.values["mean_recall"] == pytest.approx(3.5 / 4)
    assert (result.pixels, result.unmapped, result.unmapped_are_errors) == (6, (1, 0, 0, 0), True)
    assert result.unmapped_share == pytest.approx(1 / 6)
    assert "count as errors" in result.ignore_rule
    assert result.notes == ()
    apart = create_protocol("pixel-pooled", NAMES)
    apart.update(reference, prediction, name="x")
    assert apart.compute().values["oa"] == 1


def test_an_absent_class_is_left_out_and_said():
    result = run(np.array([[0, 0, 1]], np.uint8), np.array([[0, 0, 2]], np.uint8))
    assert result.left_out == {"impervious": "absent from reference and prediction"}
    assert result.values["miou"] == pytest.approx(1 / 3)
    assert result.values["mean_recall"] == pytest.approx(1 / 2)
    assert "divides by 4 although only 3 classes occur: its mIoU would be 0.2500" in result.notes[0]


def test_the_description_says_what_the_published_script_calls_oa():
    result = run(np.zeros((1, 2), np.uint8), np.zeros((1, 2), np.uint8))
    assert "which the published script prints as OA" in result.sentence


@pytest.mark.parametrize(
    ("protocol", "classes", "says"),
    [
        ("chesapeake-4", load_legend("chesapeake-lc").names, "--merge chesapeake-lc-to-chesapeake-4"),
        ("chesapeake-4", ("ground", "building"), "--legend chesapeake-4"),
        ("chesapeake-4", NAMES[::-1], "--merge and"),
        ("poland-4", NAMES, "--legend poland-4"),
    ],
)
def test_other_classes_are_refused_with_the_tables_that_fit(protocol, classes, says):
    with pytest.raises(UsageError) as error:
        create_protocol(protocol, classes)
    assert says in error.value.remedy
    assert "--crosswalk" in error.value.remedy
