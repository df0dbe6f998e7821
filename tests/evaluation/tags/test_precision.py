from __future__ import annotations

import pytest
import torch

from landwright.evaluation.tags.precision import Precision, mean_precision


def test_average_precision_per_class():
    counter = Precision(("a", "b", "c"))
    logits = torch.tensor([[3.0, -1, 0], [2, 5, 0], [1, 4, 0]])
    tags = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 0, 0]]).bool()
    for place, (values, held) in enumerate(zip(logits, tags, strict=True)):
        counter.add(place, values, held)
    rows = counter.compute()
    assert len(counter) == 3
    assert [row.images for row in rows] == [2, 1, 0]
    assert [row.ap for row in rows] == [pytest.approx((1 + 2 / 3) / 2), 1, None]
    assert mean_precision(rows) == pytest.approx((5 / 6 + 1) / 2)
    assert mean_precision(rows[2:]) is None


def test_pieces_of_one_image_count_once_with_the_highest_logit():
    counter = Precision(("a",))
    held, free = torch.tensor([True]), torch.tensor([False])
    for key, logit, tags in (("x", -9.0, held), ("x", 2.0, held), ("y", 1.0, free)):
        counter.add(key, torch.tensor([logit]), tags)
    assert len(counter) == 2
    assert counter.compute()[0].ap == 1
