from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.split import Split, Together


class Taken(list[tuple[int, torch.Tensor]]):
    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        self.append((row, scores))


def test_channels_go_where_they_belong_without_copies() -> None:
    first, second, third = Taken(), Taken(), Taken()
    scores = torch.rand(5, 2, 3)
    Split([(Together([first, second]), 3), (third, 2)]).write(7, scores, np.ones((2, 3), bool))
    for taken, part in ((first, scores[:3]), (second, scores[:3]), (third, scores[3:])):
        ((row, given),) = taken
        assert row == 7
        assert torch.equal(given, part)
        assert given.data_ptr() == part.data_ptr()
