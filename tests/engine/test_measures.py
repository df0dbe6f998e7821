from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from landwright.engine.decode import ByLogit, ByProbability, ByQuery, check_measure
from landwright.engine.measures import MEANINGS, MEASURES, certainty
from landwright.errors import UsageError
from landwright.networks.clip.rule import QueryRule


@pytest.fixture(scope="module")
def shares() -> torch.Tensor:
    """Probabilities of five classes, those of the first pixels extreme."""
    made = torch.randn(5, 20, 30, generator=torch.Generator().manual_seed(0)).mul(3).softmax(0)
    made[:, 0, 0], made[:, 0, 1] = torch.tensor([0.0, 1, 0, 0, 0]), 0.2
    made[:, 0, 2] = torch.tensor([0.0, 0.5, 0, 0.5, 0])
    return made


def test_the_measures_are_what_they_say(shares: torch.Tensor) -> None:
    exact = shares.double().numpy()
    ordered = np.sort(exact, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(exact * np.log(exact), axis=0) / math.log(5)
    np.testing.assert_allclose(certainty(shares, "max"), ordered[-1], atol=1e-7)
    np.testing.assert_allclose(certainty(shares, "margin"), ordered[-1] - ordered[-2], atol=1e-7)
    np.testing.assert_allclose(certainty(shares, "entropy"), 1 - entropy, atol=2e-6)


def test_all_are_one_where_a_class_has_all_and_falls_where_two_share(shares: torch.Tensor) -> None:
    for measure, two, five in (("max", 0.5, 0.2), ("margin", 0, 0), ("entropy", 1 - math.log(2, 5), 0)):
        sure, none, half = certainty(shares, measure)[0, :3].tolist()
        assert sure == pytest.approx(1)
        assert none == pytest.approx(five, abs=1e-6)
        assert half == pytest.approx(two, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_two_classes_and_no_number(measure: str) -> None:
    given = torch.tensor([[[0.3, np.nan, 1.0]], [[0.7, 0.5, 0.0]]])
    found = certainty(given, measure)[0]
    assert found.isnan().tolist() == [False, True, False]
    assert found[2] == pytest.approx(1)
    assert "percent" in MEANINGS[measure]


def test_scores_are_left_as_they_are(shares: torch.Tensor) -> None:
    before = shares.clone()
    for measure in MEASURES:
        certainty(shares, measure)
    assert torch.equal(shares, before)


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        (QueryRule((1, 1, 1)), MEASURES),
        (QueryRule((2, 1, 1)), ("max", "margin")),
        (QueryRule((1, 1, 1), scale=None), ("max", "margin")),
        (QueryRule((1, 1, 1), thresholds=(0.0, 0.4, 0.0), background=0), ("max",)),
        (QueryRule((1, 1, 1), thresholds=(0.0, 0.0, 0.0), background=0), MEASURES),
    ],
)
def test_words_support_what_has_a_meaning(rule: QueryRule, known: tuple[str, ...]) -> None:
    decoder = ByQuery(rule)
    for measure in MEASURES:
        if measure in known:
            check_measure(measure, decoder, 3)
        else:
            with pytest.raises(UsageError, match=f"by {measure} needs class probabilities") as error:
                check_measure(measure, decoder, 3)
            assert error.value.remedy == f"Use the measure {' or '.join(known)}"


@pytest.mark.parametrize("decoder", [ByProbability(), ByLogit()])
def test_a_single_class_has_nothing_to_compare(decoder: ByProbability | ByLogit) -> None:
    check_measure("max", decoder, 1)
    for measure in ("margin", "entropy"):
        check_measure(measure, decoder, 2)
        with pytest.raises(UsageError, match="single one"):
            check_measure(measure, decoder, 1)
