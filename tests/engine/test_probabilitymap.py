from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.decode import ByLogit, ByProbability
from landwright.engine.probabilitymap import ProbabilityMap


class Rows(list[NDArray[Any]]):
    def write(self, rows: NDArray[np.uint8]) -> None:
        self.append(rows)


def test_a_step_is_four_thousandths() -> None:
    rows = Rows()
    scores = torch.tensor([[0.7, 0.1, 0.0], [0.3, 0.9, 1.0000002]]).reshape(2, 1, 3)
    ProbabilityMap(2, rows).write(0, scores, np.ones((1, 3), bool))
    assert rows[0].dtype == np.uint8
    np.testing.assert_array_equal(rows[0], [[[175, 25, 0]], [[75, 225, 250]]])


def test_what_is_not_valid_or_no_number_is_nodata() -> None:
    rows = Rows()
    sink = ProbabilityMap(2, rows)
    scores = torch.tensor([[0.7, np.nan, 0.5], [0.3, 0.9, 0.5]]).reshape(2, 1, 3)
    sink.write(0, scores, np.array([[True, True, False]]))
    sink.write(1, scores, np.zeros((1, 3), bool))
    np.testing.assert_array_equal(rows[0], [[[175, 255, 255]], [[75, 255, 255]]])
    assert rows[1].shape == (2, 1, 3)
    assert (rows[1] == 255).all()


def test_of_some_of_all_classes_the_rest_is_divided_out() -> None:
    rows = Rows()
    scores = torch.tensor([[0.2, 0.0], [0.2, 0.0]]).reshape(2, 1, 2)
    ProbabilityMap(2, rows, decoder=ByProbability(partial=True)).write(0, scores.clone(), np.ones((1, 2), bool))
    np.testing.assert_array_equal(rows[0], [[[125, 255]], [[125, 255]]])


def test_logits_become_probabilities() -> None:
    rows = Rows()
    ProbabilityMap(2, rows, decoder=ByLogit()).write(0, torch.tensor([[[0.0]], [[30.0]]]), np.ones((1, 1), bool))
    np.testing.assert_array_equal(rows[0], [[[0]], [[250]]])
