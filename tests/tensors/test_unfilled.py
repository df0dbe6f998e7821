"""Networks without random weights, and their time."""

import torch
from timm.layers import trunc_normal_
from torch import nn

from landwright.networks import create_network
from landwright.tensors import Unfilled, fill


def test_nothing_is_drawn_for_parameters():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with Unfilled():
        linear = nn.Linear(3, 4)
        trunc_normal_(linear.weight)
    assert torch.equal(torch.get_rng_state(), before)
    assert linear.weight.shape == (4, 3)


def test_other_tensors_are_made_as_ever():
    with Unfilled():
        assert torch.empty(1000).uniform_(0, 1).std() > 0.2
        assert torch.equal(nn.BatchNorm2d(3).running_var, torch.ones(3))


def test_a_filled_network_is_the_same(tmp_path):
    drawn = create_network("clcformer", classes=3, encoder="compact").eval()
    with Unfilled():
        network = create_network("clcformer", classes=3, encoder="compact").eval()
    fill(network, drawn.state_dict(), name="clcformer", path=tmp_path, remedy="")
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(image).classes, drawn(image).classes)
