from __future__ import annotations

import pytest
import torch

from landwright.networks import Outputs
from landwright.recipe import SyntheticSpec
from landwright.regimes.agreement import FIGURES, Agreement

VALID = torch.tensor([[[True, True], [True, False]]])


def said(classes: list[int], heights: list[float], *, sure: float = 20.0) -> Outputs:
    """Maps of 2 x 2 pixels."""
    logits = torch.nn.functional.one_hot(torch.tensor(classes), 2).T.reshape(1, 2, 2, 2) * sure
    return Outputs(classes=logits, height=torch.tensor(heights).reshape(1, 1, 2, 2))


def test_counts_what_both_say_on_valid_pixels() -> None:
    agreement = Agreement(SyntheticSpec(), ("classes", "height"))
    agreement.update(said([0, 1, 1, 1], [5.0, 5.0, 0.2, 9.0]), said([0, 1, 0, 1], [6.0, 9.0, 0.0, 9.0]), VALID)
    values = agreement.values()
    assert tuple(values) == FIGURES
    assert values["classes_agreement"] == pytest.approx(2 / 3)
    assert values["height_agreement"] == pytest.approx(1 / 2)  # where neither is above 1 m, nothing is counted
    assert values["agreement"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_teacher_that_is_not_sure_agrees_with_nobody() -> None:
    agreement = Agreement(SyntheticSpec(), ("classes",))
    agreement.update(said([0, 1, 1, 1], [0.0] * 4), said([0, 1, 1, 1], [0.0] * 4, sure=1.0), VALID)
    assert agreement.values() == {"agreement": 0.0, "classes_agreement": 0.0}


def test_counts_of_processes_add_up() -> None:
    one, two = (Agreement(SyntheticSpec(), ("height",)) for _ in range(2))
    assert one.values() == {"agreement": None}
    one.update(said([0] * 4, [5.0] * 4), said([0] * 4, [5.0] * 4), VALID)
    two.update(said([0] * 4, [5.0] * 4), said([0] * 4, [50.0] * 4), VALID)
    one.load_state(one.state() + two.state())
    assert one.values() == {"agreement": 0.5, "height_agreement": 0.5}


def test_networks_that_know_nothing_agree_on_nothing() -> None:
    agreement = Agreement(SyntheticSpec(), ("classes", "height"))
    agreement.update(said([0] * 4, [0.1] * 4, sure=0.1), said([0] * 4, [-0.2] * 4, sure=0.1), VALID)
    assert agreement.values() == {"agreement": 0.0, "classes_agreement": 0.0, "height_agreement": 0.0}
