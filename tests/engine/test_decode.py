from __future__ import annotations

import pytest
import torch

from landwright.engine.decode import ByLogit, ByProbability, ByQuery, _largest, most_probable
from landwright.engine.merge import Merger
from landwright.networks.clip.rule import QueryRule


@pytest.fixture
def merger() -> Merger:
    """Of four classes the first two become the second of two, the third is left out."""
    made = Merger.__new__(Merger)
    made.targets, made.classes, made.partial = [1, 1, None, 0], 2, True
    return made


def scores(*pixels: list[float]) -> torch.Tensor:
    """One column of scores for each pixel of one row."""
    return torch.tensor(pixels).T[:, None]


def test_the_largest_score_wins_and_the_first_of_equals() -> None:
    values = torch.rand(9, 20, 30)
    indices, best = most_probable(values)
    assert indices.dtype == torch.uint8
    assert torch.equal(indices.long(), values.argmax(0))
    assert torch.equal(best, values.amax(0))
    tied, _ = most_probable(torch.tensor([0.2, 0.4, 0.4]).reshape(3, 1, 1))
    assert tied.item() == 1


def test_it_is_the_same_on_every_device() -> None:
    """On a CPU numpy compares, elsewhere torch."""
    values = torch.rand(9, 20, 30).mul_(8).round_()
    values[3, :2] = torch.nan
    values[5, 5] = torch.inf
    indices, best = most_probable(values)
    elsewhere = _largest(torch, values)
    assert torch.equal(indices[2:], elsewhere[0][2:])
    torch.testing.assert_close(best, elsewhere[1], rtol=0, atol=0, equal_nan=True)
    assert best[:2].isnan().all()
    assert indices.max() < 9


def test_of_some_of_all_classes_the_rest_is_divided_out() -> None:
    given = scores([0.2, 0.1], [0.0, 0.0])
    decision = ByProbability(partial=True)(given)
    assert decision.indices.tolist() == [[0, 0]]
    assert decision.probability[0, 0] == pytest.approx(2 / 3)
    assert decision.known is not None
    assert decision.known.tolist() == [[True, False]]


def test_logits_are_compared_as_they_are() -> None:
    given = scores([90.0, 90.00001], [1.0, -1.0])
    decision = ByLogit()(given.clone())
    assert decision.indices.tolist() == [[1, 0]]
    torch.testing.assert_close(decision.probability, given.softmax(0).amax(0))
    assert decision.known is None


def test_merged_logits(merger: Merger) -> None:
    given = scores([1.0, 1.0, 9.0, 1.5], [0.0, 0.0, 0.0, 5.0])
    decision = ByLogit(merger)(given)
    assert decision.indices.tolist() == [[1, 0]], (
        "two classes together outweigh a larger third; the fourth is not asked"
    )
    assert decision.known is not None
    assert decision.known.all()


def test_the_best_word_speaks_for_its_class() -> None:
    rule = QueryRule((2, 1, 1, 1), scale=10.0)
    given = torch.rand(5, 3, 4)
    decision = ByQuery(rule)(given)
    expected = rule.probabilities(given, 0)
    assert torch.equal(decision.indices.long(), expected.argmax(0))
    torch.testing.assert_close(decision.probability, expected.amax(0))


def test_words_are_merged_by_the_probabilities_of_their_classes(merger: Merger) -> None:
    rule = QueryRule((1, 1, 1, 1), scale=1.0)
    given = scores([1.0, 1.0, 0.5, 1.5], [0.0, 0.0, 0.0, 5.0])
    decision = ByQuery(rule, merger)(given)
    shares = given.softmax(0)[:, 0, 0]
    assert decision.indices.tolist() == [[1, 0]]
    kept = shares[0] + shares[1] + shares[3]
    assert decision.probability[0, 0] == pytest.approx(float((shares[0] + shares[1]) / kept))


def test_what_is_below_its_threshold_goes_where_the_background_goes(merger: Merger) -> None:
    given = scores([1.0, 1.0, 0.5, 1.1], [9.0, 0.0, 0.0, 0.0])
    kept = ByQuery(QueryRule((1, 1, 1, 1), 1.0, (0.6,) * 4, background=3), merger)(given)
    assert kept.indices.tolist() == [[0, 1]]
    assert kept.probability[0, 0] == pytest.approx(float(given.softmax(0)[3, 0, 0]))
    assert kept.known is not None
    assert kept.known.all()
    left_out = ByQuery(QueryRule((1, 1, 1, 1), 1.0, (0.6,) * 4, background=2), merger)(given)
    assert left_out.known is not None
    assert left_out.known.tolist() == [[False, True]]
    merger.partial = False
    whole = ByQuery(QueryRule((1, 1, 1, 1), 1.0, (0.6,) * 4, background=2), merger)(given)
    assert whole.known is not None
    assert whole.known.tolist() == [[False, True]]


def test_probabilities_go_with_the_decision(merger: Merger) -> None:
    given = torch.rand(4, 5, 6)
    rule = QueryRule((1, 1, 1, 1), scale=10.0)
    for decoder in (
        ByProbability(partial=True),
        ByLogit(),
        ByLogit(merger),
        ByQuery(rule),
        ByQuery(rule, merger),
    ):
        before = given.clone()
        indices, probability, _ = decoder(given)
        shares = decoder.probabilities(given)
        assert torch.equal(given, before), "other sinks take the same scores"
        torch.testing.assert_close(shares.sum(0), torch.ones(5, 6))
        torch.testing.assert_close(shares.gather(0, indices.long()[None])[0], probability)
    assert ByProbability().probabilities(given) is given


def test_nothing_to_choose_from_has_no_probabilities() -> None:
    assert ByProbability(partial=True).probabilities(scores([0.2, 0.1], [0.0, 0.0])).isnan().any(0).tolist() == [
        [False, True]
    ]
