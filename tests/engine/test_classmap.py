from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import ClassMap
from landwright.engine.decode import ByQuery
from landwright.legends import Legend
from landwright.networks.clip.rule import QueryRule


class Rows(list[NDArray[Any]]):
    def write(self, rows: NDArray[np.uint8]) -> None:
        self.append(rows)


def test_codes_and_percent_are_written_with_nodata(legend: Legend) -> None:
    codes, percent = Rows(), Rows()
    scores = torch.tensor([[0.7, 0.1, 0.2], [0.3, 0.9, 0.2], [0.0, 0.0, 0.2], [0.0, 0.0, 1.0000002]]).reshape(4, 1, 3)
    valid = np.array([[True, False, True]])
    ClassMap(legend, codes, percent).write(0, scores, valid)
    np.testing.assert_array_equal(codes[0], [[10, 255, 13]])
    np.testing.assert_array_equal(percent[0], [[70, 255, 100]])
    assert codes[0].dtype == percent[0].dtype == np.uint8
    ClassMap(legend, codes).write(1, scores, ~valid)
    np.testing.assert_array_equal(codes[1], [[255, 11, 255]])


def test_what_is_not_probable_enough_becomes_nodata(legend: Legend) -> None:
    codes, percent = Rows(), Rows()
    scores = torch.tensor([[0.7, 0.3, 0.5], [0.3, 0.3, 0.5], [0.0, 0.4, 0.0], [0.0, 0.0, 0.0]]).reshape(4, 1, 3)
    sink = ClassMap(legend, codes, percent, least=0.5)
    sink.write(0, scores, np.array([[True, True, True]]))
    np.testing.assert_array_equal(codes[0], [[10, 255, 10]])
    np.testing.assert_array_equal(percent[0], [[70, 255, 50]])
    assert (sink.unsure, sink.undecided) == (1, 0)


@pytest.mark.parametrize("decoder", [None, ByQuery(QueryRule((1,) * 4)), ByQuery(QueryRule((1,) * 4, scale=None))])
def test_scores_that_are_no_numbers_become_nodata(legend: Legend, decoder: Any) -> None:
    codes, percent = Rows(), Rows()
    scores = torch.tensor([[0.7, 0.3, 0.2], [0.3, np.nan, 0.2], [0.0, 0.4, np.inf], [0.0, 0.0, 0.0]]).reshape(4, 1, 3)
    sink = ClassMap(legend, codes, percent, decoder=decoder)
    sink.write(0, scores.clone(), np.array([[True, True, True]]))
    np.testing.assert_array_equal(codes[0], [[10, 255, 255]])
    np.testing.assert_array_equal(percent[0] == 255, [[False, True, True]])
    assert sink.counts() == {"broken": 2, "undecided": 0, "unsure": 0, "surest": 0.0}


def test_the_surest_of_the_unsure_is_kept(legend: Legend) -> None:
    scores = torch.tensor([[0.4999, 0.3], [0.3, 0.3], [0.2001, 0.4], [0.0, 0.0]]).reshape(4, 1, 2)
    sink = ClassMap(legend, Rows(), least=0.6)
    sink.write(0, scores, np.array([[True, True]]))
    assert sink.counts() == {"broken": 0, "undecided": 0, "unsure": 2, "surest": pytest.approx(0.4999)}


@pytest.mark.parametrize(("measure", "expected"), [("max", [70, 50]), ("margin", [40, 0]), ("entropy", [56, 50])])
def test_the_confidence_is_what_was_asked_for(legend: Legend, measure: Any, expected: list[int]) -> None:
    codes, percent = Rows(), Rows()
    scores = torch.tensor([[0.7, 0.5], [0.3, 0.5], [0.0, 0.0], [0.0, 0.0]]).reshape(4, 1, 2)
    sink = ClassMap(legend, codes, percent, measure=measure, least=0.4)
    sink.write(0, scores, np.array([[True, True]]))
    np.testing.assert_array_equal(codes[0], [[10, 10]])
    np.testing.assert_array_equal(percent[0], [expected])
    assert sink.unsure == 0, "what is sure enough is decided by the probability of the class"


def test_rows_without_a_valid_pixel_are_nodata(legend: Legend) -> None:
    codes, percent = Rows(), Rows()
    sink = ClassMap(legend, codes, percent, least=0.5)
    sink.write(0, torch.full((4, 2, 3), torch.nan), np.zeros((2, 3), bool))
    assert (codes[0] == 255).all()
    assert (percent[0] == 255).all()
    assert codes[0].shape == percent[0].shape == (2, 3)
