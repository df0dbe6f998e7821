from __future__ import annotations

import pytest
import torch

from landwright.engine.heads import all_logits, probabilities


def test_many_logits_are_a_softmax() -> None:
    logits = torch.randn(2, 5, 3, 4, dtype=torch.bfloat16)
    scores = probabilities(logits, torch.empty(logits.shape))
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, logits.float().softmax(1))


def test_one_logit_is_the_second_of_two_classes() -> None:
    logits = torch.tensor([-40.0, -1.0, 0.0, 1.0, 40.0]).reshape(1, 1, 1, 5)
    scores = probabilities(all_logits(logits, 2), torch.empty(1, 2, 1, 5))
    assert scores.shape == (1, 2, 1, 5)
    torch.testing.assert_close(scores.sum(1), torch.ones(1, 1, 5))
    torch.testing.assert_close(scores[:, 1:], logits.sigmoid())
    assert scores[0, 0, 0, 4] > 0


def test_other_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="3 logits do not fit 4 classes"):
        all_logits(torch.zeros(1, 3, 2, 2), 4)
