from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import ClassMap
from landwright.legends import Legend


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
    assert sink.warnings == ["1 pixels are of no class with a probability of 0.5, and became nodata"]
