"""From similarities to classes."""

import pytest
import torch

from landwright.errors import UsageError
from landwright.networks.clip.rule import QueryRule, query_rule

RULE = QueryRule((1, 2, 1), thresholds=(0.0, 0.6, 0.4), background=0)


def similarities(height=70, width=5):
    return torch.randn(4, height, width, generator=torch.Generator().manual_seed(0)) * 0.02


def plain(values, scale=50.0):
    shares = (values * scale).softmax(0)
    return torch.stack([shares[0], torch.maximum(shares[1], shares[2]), shares[3]])


def test_index_and_numbers():
    assert (RULE.index, RULE.queries, RULE.classes) == ((0, 1, 1, 2), 4, 3)


def test_synonyms_compete_and_the_best_speaks_for_its_class():
    values = similarities()
    torch.testing.assert_close(RULE.probabilities(values, 0), plain(values))
    moved = RULE.probabilities(values.permute(1, 2, 0)[None], -1)
    torch.testing.assert_close(moved[0].permute(2, 0, 1), plain(values))
    torch.testing.assert_close(RULE.log_probabilities(values, 0), plain(values).log())


def test_logarithms_do_not_underflow():
    values = torch.tensor([1.0, -1.0])[:, None, None]
    found = QueryRule((1, 1), scale=500.0).log_probabilities(values, 0)
    assert found[1].item() == -1000.0


def test_decision_with_thresholds():
    values = similarities()
    indices, shares = RULE.decide(values)
    best, wanted = plain(values).max(0)
    low = best < torch.tensor(RULE.thresholds)[wanted]
    assert indices.dtype == torch.uint8
    assert shares.dtype == torch.float32
    assert low.any()
    assert not low.all()
    assert torch.equal(indices.long(), wanted.masked_fill(low, 0))
    torch.testing.assert_close(shares, best)


def test_decision_without_thresholds():
    values = similarities()
    indices, _ = QueryRule((1, 2, 1)).decide(values)
    assert torch.equal(indices.long(), plain(values).argmax(0))


def test_scores_do_not_compete():
    rule = QueryRule((1, 2), scale=None, thresholds=(0.5, 0.5), background=0)
    values = torch.tensor([[0.7, 0.1, 0.2], [0.2, 0.3, 0.1], [0.9, 0.2, 0.8]])[:, None]
    indices, shares = rule.decide(values)
    assert indices.tolist() == [[1, 0, 1]]
    torch.testing.assert_close(shares, torch.tensor([[0.9, 0.3, 0.8]]))
    wanted = torch.tensor([[0.7, 0.1, 0.2], [0.9, 0.3, 0.8]])[:, None]
    torch.testing.assert_close(rule.probabilities(values, 0), wanted)
    torch.testing.assert_close(rule.log_probabilities(values, 0), wanted.log())


def test_half_precision_is_widened():
    shares = RULE.decide(similarities().bfloat16())[1]
    assert shares.dtype == RULE.probabilities(similarities().bfloat16(), 0).dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"synonyms": ()}, "1 to 254 classes"),
        ({"synonyms": (1,) * 255}, "1 to 254 classes"),
        ({"synonyms": (1, 0)}, "at least one query"),
        ({"synonyms": (1, 1), "scale": 0.0}, "scale"),
        ({"synonyms": (1, 1), "thresholds": (0.1,)}, "1 thresholds for 2 classes"),
        ({"synonyms": (1, 1), "thresholds": (0.1, 1.5), "background": 0}, "in 0..1"),
        ({"synonyms": (1, 1), "background": 2}, "background is class 2"),
        ({"synonyms": (1, 1), "thresholds": (0.1, 0.1)}, "need a background"),
    ],
)
def test_numbers_that_do_not_fit(options, words):
    with pytest.raises(UsageError, match=words):
        QueryRule(**options)


def test_options_of_a_network():
    assert query_rule(3) == QueryRule((1, 1, 1))
    given = query_rule(2, [1, 2], scale=10.0, thresholds=[0, 0.5], background=0)
    assert given == QueryRule((1, 2), 10.0, (0.0, 0.5), 0)
    with pytest.raises(UsageError, match="3 classes, but there are 2"):
        query_rule(2, [1, 1, 1])
    with pytest.raises(UsageError, match="not whole numbers"):
        query_rule(3, [1.5, 1, 1])
    with pytest.raises(UsageError, match="scale"):
        query_rule(2, scale=float("nan"))


@pytest.mark.parametrize("scale", [50.0, None])
def test_no_number_has_no_finite_share(scale):
    values = torch.tensor([[0.7, 0.1, 0.2], [0.2, float("nan"), 0.1], [0.9, 0.2, float("inf")]])[:, None]
    assert QueryRule((1, 2), scale=scale).decide(values)[1].isfinite().tolist() == [[True, False, False]]
