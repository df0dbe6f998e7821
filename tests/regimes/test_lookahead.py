from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.optim import AdamW, Optimizer

from landwright.regimes.lookahead import PublishedLookahead


def _optimizer(parameter: torch.nn.Parameter, lr: float = 1e-2) -> PublishedLookahead:
    return PublishedLookahead(AdamW([parameter], lr=lr))


def _descend(parameter: torch.nn.Parameter, target: torch.Tensor, optimizer: Optimizer, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((parameter - target) ** 2).sum()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


def _load_fill(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_fill", shared / "parity" / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_takes_the_published_trajectory(shared: Path) -> None:
    stored = json.loads((shared / "parity/clcformer/losses.json").read_text())["optimizer"]
    fill = _load_fill(shared)
    start, target = (
        torch.from_numpy(fill.image(stored["inputs"][name]["seed"], stored["inputs"][name]["shape"])).float()
        for name in ("p0", "t")
    )
    parameter = torch.nn.Parameter(start.clone())
    losses = _descend(parameter, target, _optimizer(parameter), 13)
    assert losses == pytest.approx(stored["loss_before_each_of_13_steps"], rel=1e-5)
    assert parameter.norm().item() == pytest.approx(stored["p_norm_after_13"], rel=1e-5)


def test_synchronises_after_steps_6_and_11() -> None:
    fast, plain = (torch.nn.Parameter(torch.zeros(3)) for _ in range(2))
    target = torch.ones(3)
    wrapped = _optimizer(fast)
    bare = AdamW([plain], lr=1e-2)
    _descend(fast, target, wrapped, 1)
    _descend(plain, target, bare, 1)
    first = plain.detach().clone()
    _descend(fast, target, wrapped, 4)
    _descend(plain, target, bare, 4)
    assert torch.equal(fast, plain)
    _descend(fast, target, wrapped, 1)
    _descend(plain, target, bare, 1)
    torch.testing.assert_close(fast.detach(), first + 0.5 * (plain.detach() - first))


@pytest.mark.parametrize("stop", [1, 4, 5, 6, 8])
def test_goes_on_from_a_state_dict(stop: int) -> None:
    straight, broken = (torch.nn.Parameter(torch.zeros(5)) for _ in range(2))
    target = torch.linspace(-1, 1, 5)
    _descend(straight, target, _optimizer(straight), 13)
    first = _optimizer(broken)
    _descend(broken, target, first, stop)
    second = _optimizer(broken)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    _descend(broken, target, second, 13 - stop)
    assert torch.equal(straight, broken)
    assert isinstance(second, Optimizer)
