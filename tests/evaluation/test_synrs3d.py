from __future__ import annotations

import numpy as np
import pytest

from landwright.evaluation.protocols import create_protocol


def test_a_class_that_occurs_nowhere_counts_as_nothing():
    reference = np.array([0, 0, 0, 1, 1, 1, 255], np.uint8)
    prediction = np.array([0, 0, 0, 1, 1, 1, 0], np.uint8)
    ours, published = (create_protocol(name, ("a", "b", "c")) for name in ("pixel-pooled", "synrs3d-classes"))
    for counter in (ours, published):
        counter.update(reference, prediction, name="x")
    result = published.compute()
    assert ours.compute().values["miou"] == 1
    assert result.values["miou"] == pytest.approx(2 / 3, abs=5e-6)
    assert result.values["oa"] == 1
    assert result.in_mean == ("a", "b", "c")
    assert result.left_out == {}
    assert "0 in the means as published: c" in result.notes[0]
    assert "Means over 3 of 3 classes" in result.sentence


def test_nothing_to_say_where_every_class_occurs():
    counter = create_protocol("synrs3d-classes", ("a", "b"))
    counter.update(np.array([0, 1]), np.array([1, 1]), name="x")
    assert counter.compute().notes == ()
