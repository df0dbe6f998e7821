"""GEM against its formula, written out."""

import pytest
import torch
import torch.nn.functional as F

from landwright.networks.clip import gem
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import COMPACT, build_clip


def written_out(encoder, image, blocks, residual):
    tokens = encoder.tokens(image, before=encoder.depth - blocks)
    stream = tokens
    for index in range(encoder.depth - blocks, encoder.depth):
        normed = encoder.normed(tokens, index)
        query, key, value = encoder.qkv(normed, index)
        factor = normed.norm(dim=-1).mean(1).view(-1, 1, 1, 1) * query.shape[-1] ** -0.5
        mixed = 0
        for part in (query, key, value):
            unit = F.normalize(part, dim=-1)
            unit = F.normalize((unit @ unit.mT * factor).softmax(-1) @ unit, dim=-1)
            mixed = mixed + (unit @ unit.mT * factor).softmax(-1) @ value / 3
        attended = encoder.project(mixed, index)
        stream = stream + attended if residual else attended
        tokens = encoder.block(tokens, index)
    return stream


@torch.no_grad()
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("blocks", [2, 4, 6])
def test_formula(monkeypatch, blocks, residual):
    torch.manual_seed(0)
    encoder = OpenClipEncoder(build_clip(COMPACT)).eval()
    monkeypatch.setattr(gem, "BLOCKS", blocks)
    image = torch.randn(2, 3, 40, 72)
    wanted = written_out(encoder, image, min(blocks, 4), residual)
    torch.testing.assert_close(gem.gem_tokens(encoder, image, residual=residual), wanted, atol=1e-5, rtol=1e-5)
