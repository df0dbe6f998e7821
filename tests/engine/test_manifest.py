from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.engine.manifest import weights_digest
from landwright.networks import Outputs


class Point(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)
        self.register_buffer("scale", torch.tensor(2.0))
        self.register_buffer("reduced", torch.ones(3, dtype=torch.bfloat16))

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(self.layer(image))


def test_weights_are_known_by_their_values(bundle: Bundle) -> None:
    bundle = replace(bundle, network=Point())
    begun = weights_digest(bundle)
    assert len(begun) == 64
    bundle.network.to(memory_format=torch.channels_last)
    assert weights_digest(bundle) == begun, "where the values lie in memory is of no interest"
    with torch.no_grad():
        next(bundle.network.parameters())[0, 0] += 1
    assert weights_digest(bundle) != begun
