from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from landwright.evaluation import HeightErrors
from landwright.evaluation.heights.errors import RANGES


def heights(seed, shape=(40, 30)):
    random = np.random.default_rng(seed)
    reference = random.gamma(1.0, 6.0, shape) - 0.5
    return reference + random.normal(0.5, 2.0, shape), reference


def test_figures_are_those_of_their_definitions():
    prediction, reference = heights(0)
    counter = HeightErrors()
    counter.update(prediction, reference)
    error, high = prediction - reference, reference > 3
    expected = {
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt(np.square(error).mean()),
        "bias": error.mean(),
        "correlation": np.corrcoef(prediction.ravel(), reference.ravel())[0, 1],
        "mae_high": np.abs(error[high]).mean(),
        "rmse_high": np.sqrt(np.square(error[high]).mean()),
        "share_high": high.mean(),
    }
    assert counter.values() == pytest.approx(expected)
    assert (counter.pixels, counter.unmapped) == (reference.size, 0)


def test_parts_and_processes_add_up():
    whole, *parts = (HeightErrors(2) for _ in range(3))
    for seed, part in enumerate(parts):
        prediction, reference = heights(seed, (2, 1, 8, 9))
        classes = np.random.default_rng(seed).integers(0, 3, reference.shape)
        half = prediction[:1], reference[:1], classes[:1]
        part.update(*half)
        part.update(*(torch.from_numpy(values[1:]) for values in (prediction, reference, classes)))
        whole.update(prediction, torch.from_numpy(reference), classes)
    summed = HeightErrors(2)
    summed.load_state(parts[0].state() + parts[1].state())
    assert summed.values() == pytest.approx(whole.values())
    assert [row.pixels for row in summed.rows(("a", "b"))] == [row.pixels for row in whole.rows(("a", "b"))]


def test_unknown_pixels_are_left_out_and_missing_ones_counted():
    reference = np.array([1.0, np.nan, 4.0, np.inf, 5.0])
    prediction = np.array([2.0, 9.0, np.nan, np.nan, 4.0], np.float32)
    counter = HeightErrors()
    counter.update(prediction, reference)
    assert (counter.pixels, counter.unmapped) == (2, 1)
    assert counter.values()["mae"] == 1
    assert counter.values()["bias"] == 0


def test_an_edge_belongs_to_the_range_below():
    counter = HeightErrors(1)
    counter.update(np.zeros(4), np.array([3.0, 3.001, 60.0, -1.0]), np.array([0, 255, 0, 7]))
    rows = {row.name: row for row in counter.rows(("tree",))}
    assert set(rows) == {"all", "above 3 m", RANGES[0], "1 to 3 m", "3 to 6 m", "above 50 m", "tree"}
    assert (rows["above 3 m"].pixels, rows["above 3 m"].share) == (2, 0.5)
    assert (rows["tree"].kind, rows["tree"].pixels, rows["tree"].mae) == ("class", 2, 31.5)
    assert rows[RANGES[0]].bias == 1


def test_classes_may_be_missing_in_a_part():
    counter = HeightErrors(1)
    counter.update(np.zeros(2), np.ones(2))
    counter.update(np.zeros(2), np.ones(2), np.zeros(2, np.uint8))
    assert [row.pixels for row in counter.rows(("tree",)) if row.kind == "class"] == [2]


def test_what_is_undefined_is_nan():
    empty = HeightErrors()
    assert all(math.isnan(value) for value in empty.values().values())
    assert [row.mae for row in empty.rows()] == [None, None]
    flat = HeightErrors()
    flat.update(np.full(5, 2.5), np.full(5, 0.1))
    assert math.isnan(flat.values()["correlation"])
    assert math.isnan(flat.values()["mae_high"])
    assert flat.values()["share_high"] == 0


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="differ"):
        HeightErrors().update(np.zeros((2, 1, 3)), np.zeros((2, 3)))


def test_half_precision_and_gradients_are_no_obstacle():
    counter = HeightErrors()
    counter.update(torch.full((2, 3), 1.5, dtype=torch.bfloat16, requires_grad=True), torch.ones(2, 3))
    assert counter.values()["mae"] == 0.5
    assert not counter.state().requires_grad
