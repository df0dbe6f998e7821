from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from landwright.engine.classmap import ClassMap
from landwright.engine.decode import ByQuery
from landwright.errors import DataError
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
    assert sink.warnings == ["1 pixels are of no class with a probability of 0.5, and became nodata"]


@pytest.mark.parametrize("decoder", [None, ByQuery(QueryRule((1,) * 4)), ByQuery(QueryRule((1,) * 4, scale=None))])
def test_scores_that_are_no_numbers_become_nodata(legend: Legend, decoder: Any) -> None:
    codes, percent = Rows(), Rows()
    scores = torch.tensor([[0.7, 0.3, 0.2], [0.3, np.nan, 0.2], [0.0, 0.4, np.inf], [0.0, 0.0, 0.0]]).reshape(4, 1, 3)
    sink = ClassMap(legend, codes, percent, decoder=decoder)
    sink.write(0, scores.clone(), np.array([[True, True, True]]))
    np.testing.assert_array_equal(codes[0], [[10, 255, 255]])
    np.testing.assert_array_equal(percent[0] == 255, [[False, True, True]])
    assert (sink.broken, sink.lost) == (2, 2)
    assert sink.warnings == [
        "2 pixels have scores that are NaN or infinite (check the model's weights; with --precision 16, try 32), "
        "and became nodata"
    ]
    sink.check("image.tif", 3, labels=True)
    with pytest.raises(DataError, match="no pixel with finite scores") as error:
        sink.check("image.tif", 2, labels=False)
    assert error.value.remedy


def test_labels_without_a_sure_pixel_are_refused(legend: Legend) -> None:
    scores = torch.tensor([[0.4999, 0.3], [0.3, 0.3], [0.2001, 0.4], [0.0, 0.0]]).reshape(4, 1, 2)
    sink = ClassMap(legend, Rows(), least=0.6)
    sink.write(0, scores, np.array([[True, True]]))
    sink.check("image.tif", 2, labels=False)
    with pytest.raises(DataError, match=r"no pixel of a class with a probability of 0\.6") as error:
        sink.check("image.tif", 2, labels=True)
    assert error.value.remedy == "Lower --min-confidence: the surest pixel has 0.499"
    sink.check("image.tif", 3, labels=True)
