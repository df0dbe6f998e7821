from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import ClassMap, most_probable
from landwright.legends import Legend


class Rows(list[NDArray[Any]]):
    def write(self, rows: NDArray[np.uint8]) -> None:
        self.append(rows)


def test_the_largest_score_wins_and_the_first_of_equals() -> None:
    scores = torch.rand(9, 20, 30)
    indices, best = most_probable(scores)
    assert indices.dtype == torch.uint8
    assert torch.equal(indices.long(), scores.argmax(0))
    assert torch.equal(best, scores.amax(0))
    tied, _ = most_probable(torch.tensor([0.2, 0.4, 0.4]).reshape(3, 1, 1))
    assert tied.item() == 1


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
