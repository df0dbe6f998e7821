from pathlib import Path

import pytest
import torch
from torch import nn

from landwright.tensors import Misshaped, StateMismatchError, fill


def test_all_or_nothing():
    network = nn.Linear(2, 3)
    before = network.weight.clone()
    state = {"weight": torch.ones(3, 2), "bias": torch.zeros(4), "extra": torch.zeros(1)}
    with pytest.raises(StateMismatchError) as caught:
        fill(network, state, name="line", path=Path("a.pt"), remedy="Look again", theirs={"bias": "b"})
    assert caught.value.misshaped == (Misshaped("b", (3,), (4,)),)
    assert caught.value.unexpected == ("extra",)
    assert torch.equal(network.weight, before)
    fill(network, {"weight": torch.ones(3, 2), "bias": torch.zeros(3)}, name="line", path=Path("a.pt"), remedy="")
    assert torch.equal(network.weight, torch.ones(3, 2))
    with pytest.raises(StateMismatchError, match=r"missing \(2\): theirs weight"):
        fill(network, {}, name="line", path=Path("a.pt"), remedy="", own=lambda key: f"theirs {key}")
