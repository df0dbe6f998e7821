from __future__ import annotations

import numpy as np
import pytest

from landwright.evaluation.heights import create_height_protocol


def test_sets_are_pooled_by_pixels():
    counter = create_height_protocol("pooled-height", ("ground", "tree"))
    counter.update(np.full(30, 6.0), np.full(30, 5.0), name="a", group="one", classes=np.ones(30, np.uint8))
    counter.update(np.full(10, 10.0), np.full(10, 5.0), name="a", group="two")
    result = counter.compute()
    assert result.values["mae"] == 2
    assert [(of.name, of.values["mae"], of.images) for of in result.sets] == [
        ("one", 1, {"whole": 1}),
        ("two", 5, {"whole": 1}),
    ]
    assert (result.images, result.pixels) == (2, 40)
    assert result.values["correlation"] is None
    assert [(row.name, row.pixels) for row in result.rows if row.kind == "class"] == [("tree", 30)]
    card = result.card("two sets")
    assert (card.protocol, card.values["mae"]) == ("pooled-height", 2)
    assert "correlation" not in card.values


def test_one_set_is_not_counted_as_sets():
    counter = create_height_protocol("pooled-height")
    counter.update(np.arange(4.0), np.arange(4.0) + 1, name="a")
    result = counter.compute()
    assert "1 image, 4 pixels" in result.sentence
    assert result.unmapped_share == 0
    assert result.values["correlation"] == pytest.approx(1)
