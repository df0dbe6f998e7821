from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from landwright.errors import UsageError
from landwright.recipe import OptimSpec
from landwright.regimes.optimizer import build_optimizer, build_schedule, check_optim, published_lr


def _rates(spec: OptimSpec, **options: Any) -> list[list[float]]:
    module = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    pretrained = tuple(module[0].parameters()) if options.get("pretrained") else ()
    optimizer = build_optimizer(module, spec, pretrained=pretrained)
    schedule = build_schedule(optimizer, spec)
    rates = []
    for _ in range(spec.steps):
        rates.append(sorted(group["lr"] for group in optimizer.param_groups))
        module[0](torch.ones(1, 2)).sum().backward()
        optimizer.step()
        schedule.step()
    return [*rates, sorted(group["lr"] for group in optimizer.param_groups)]


@pytest.mark.parametrize("lookahead", ["off", "timm", "paper"])
def test_cosine_runs_from_peak_to_minimum(lookahead: Any) -> None:
    rates = [rate for (rate,) in _rates(OptimSpec(lr=1e-2, min_lr=1e-4, steps=20, lookahead=lookahead))]
    assert rates[0] == 1e-2
    assert rates[10] == pytest.approx((1e-2 + 1e-4) / 2)
    assert rates[-1] == pytest.approx(1e-4)
    assert rates == sorted(rates, reverse=True)


def test_poly_runs_from_peak_to_minimum_with_every_step() -> None:
    spec = OptimSpec(name="sgd", schedule="poly", lr=1e-2, min_lr=1e-4, steps=10)
    rates = [rate for (rate,) in _rates(spec)]
    assert rates[0] == 1e-2
    assert rates[5] == pytest.approx(1e-4 + (1e-2 - 1e-4) * 0.5**0.9)
    assert rates[-1] == pytest.approx(1e-4)


def test_published_schedule_hardly_falls(shared: Path) -> None:
    stored = json.loads((shared / "parity" / "paraformer" / "losses.json").read_text())
    schedule, rule = stored["lr_schedule"], stored["base_lr_rule"]
    assert {batch: published_lr(0.01, int(batch)) for batch in rule["examples"]} == pytest.approx(rule["examples"])
    end = schedule["max_iterations"]
    spec = OptimSpec(name="sgd", schedule="paper", lr=schedule["base_lr"], min_lr=0, steps=end // 10, batch=10)
    optimizer = build_optimizer(nn.Linear(1, 1), spec)
    rates = build_schedule(optimizer, spec).lr_lambdas  # type: ignore[attr-defined]
    for step, value in schedule["values"].items():
        assert schedule["base_lr"] * rates[0](int(step)) == pytest.approx(value, rel=1e-12)


def test_the_published_rate_depends_on_the_batch() -> None:
    spec = OptimSpec(name="sgd", schedule="paper", lr=0.01, min_lr=0, steps=4, batch=12)
    assert _rates(spec)[0] == [pytest.approx(0.005)]


def test_sgd_has_momentum_and_decays_all_weights() -> None:
    spec = OptimSpec(name="sgd", momentum=0.8, weight_decay=1e-4)
    (group,) = build_optimizer(nn.Linear(1, 1), spec).param_groups
    assert (group["momentum"], group["weight_decay"], len(group["params"])) == (0.8, 1e-4, 2)


def test_warm_up_is_linear_and_ends_at_the_peak() -> None:
    rates = [rate for (rate,) in _rates(OptimSpec(lr=1e-2, min_lr=1e-4, steps=20, warmup=4))]
    assert rates[:5] == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 1e-2])
    assert rates[-1] == pytest.approx(1e-4)


def test_published_warm_up_begins_with_zero() -> None:
    spec = OptimSpec(schedule="poly-zero", lr=1e-2, encoder_lr=1e-3, min_lr=0, steps=14, warmup=4)
    rates = _rates(spec, pretrained=True)
    peak = torch.tensor([1e-3, 1e-2])
    shares = [0, 1 / 4, 1 / 2, 3 / 4, 1, 0.9**0.9]
    for rate, share in zip(rates, shares, strict=False):
        assert rate == pytest.approx((peak * share).tolist())
    assert rates[-1] == [0, 0]


def test_published_fall_is_counted_from_the_first_step() -> None:
    spec = OptimSpec(schedule="poly-afa", lr=1e-2, encoder_lr=1e-3, min_lr=0, steps=20, warmup=4)
    rates = [rate for _, rate in _rates(spec, pretrained=True)]
    shares = [1e-6, *(1 - (1 - step / 4) * (1 - 1e-6) for step in (1, 2, 3)), 0.8**0.9, 0.75**0.9]
    assert rates[:6] == pytest.approx([1e-2 * share for share in shares])
    assert rates[-1] == 0
    # As the notes state it for the published numbers.
    published = OptimSpec(schedule="poly-afa", lr=1.0, min_lr=0, steps=20000, warmup=1500)
    (afa,) = build_schedule(build_optimizer(nn.Linear(1, 1), published), published).lr_lambdas  # type: ignore[attr-defined]
    assert (afa(1499), afa(1500)) == (pytest.approx(0.99933, abs=1e-5), pytest.approx(0.932, abs=2e-3))


def test_without_warm_up_it_is_poly() -> None:
    poly, zero = (_rates(OptimSpec(schedule=name, min_lr=1e-6, steps=5)) for name in ("poly", "poly-zero"))  # type: ignore[arg-type]
    assert poly == zero


def test_pretrained_parameters_have_their_own_rate_with_the_same_end() -> None:
    spec = OptimSpec(lr=1e-2, encoder_lr=1e-3, min_lr=1e-5, steps=10)
    rates = _rates(spec, pretrained=True)
    assert rates[0] == [1e-3, 1e-2]
    assert rates[-1] == pytest.approx([1e-5, 1e-5])
    assert _rates(spec)[0] == [1e-2]


def test_frozen_parameters_are_left_out() -> None:
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)
    (group,) = build_optimizer(module, OptimSpec(weight_decay=0.05)).param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(module.weight)]
    assert group["weight_decay"] == 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 10, "warmup": 10}, "leaves none of the 10 steps"),
        ({"lr": 1e-3, "min_lr": 1e-2}, "above the learning rate 0.001"),
        ({"lr": 1e-3, "encoder_lr": 1e-6}, "above the learning rate 1e-06"),
        ({"lr": 2e-5, "batch": 6, "schedule": "paper"}, "above the learning rate 5e-06"),
    ],
)
def test_refuses_schedules_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_optim(OptimSpec(**options))
