from __future__ import annotations

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.evaluation.protocols import create_protocol

REFERENCE = np.array([0, 0, 1, 1, 1, 2, 255], np.uint8)
PREDICTION = np.array([0, 3, 1, 1, 0, 1, 0], np.uint8)
NAMES = ("background", "a", "b", "c")


def computed(protocol, names=NAMES, reference=REFERENCE, prediction=PREDICTION):
    counter = create_protocol(protocol, names)
    counter.update(reference, prediction, name="x")
    return counter.compute()


def test_only_classes_of_the_reference_enter_the_mean():
    """Of c there is none; b is never right, so that it counts in miou and recall, and not in F1."""
    result = computed("ctfa-classes")
    assert result.values["miou"] == pytest.approx((1 / 3 + 2 / 4 + 0) / 3)
    assert result.values["mean_recall"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert result.values["mf1"] == pytest.approx((2 / 4 + 4 / 6) / 2)
    assert result.values["oa"] == pytest.approx(3 / 6)
    assert result.in_mean == NAMES[:3]
    assert result.left_out == {"c": "absent from the reference"}
    assert result.notes == ("Not in mf1, because no pixel of it is right: b.",)


def test_the_table_takes_all_classes():
    result = computed("ctfa-table")
    assert result.values["miou"] == pytest.approx((1 / 3 + 2 / 4 + 0 + 0) / 4)
    assert result.in_mean == NAMES
    assert result.left_out == {}
    assert "Predicted although the reference has none, therefore 0 in the means: c." in result.notes


def test_the_table_is_undefined_where_a_class_occurs_nowhere():
    result = computed("ctfa-table", (*NAMES, "d"))
    assert result.values["miou"] is None
    assert result.values["mean_recall"] == computed("ctfa-classes").values["mean_recall"]
    assert result.notes[0].startswith("Absent from reference and prediction")
    assert result.notes[0].endswith("as published: d; without them it is 0.2083.")


def test_background_stays_out_of_the_five_classes():
    result = computed("atsg-isprs")
    assert result.values["miou"] == pytest.approx((2 / 4 + 0) / 2)
    assert result.in_mean == ("a", "b")
    with pytest.raises(UsageError, match="first class named background"):
        create_protocol("atsg-isprs", ("road", "a"))


def test_nothing_right():
    result = computed("ctfa-classes", NAMES, np.array([0, 1]), np.array([1, 0]))
    assert (result.values["mf1"], result.values["miou"]) == (None, 0)
