"""The loss of codes for tokens, against a loop."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from landwright.losses import sset_loss


def test_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    code, features = (torch.randn(7, size, generator=generator, dtype=torch.float64) for size in (4, 6))
    # One token is like none.
    features = features + 0.5
    features[0] = -features[1:].mean(0)
    unit, near = F.normalize(code, dim=1), F.normalize(features, dim=1)
    cosines = near @ near.T
    different = ~torch.eye(7, dtype=torch.bool)
    between = cosines[different].mean()
    assert ((cosines > between) != (cosines > cosines.mean()))[different].any()
    rows, alone = [], 0
    for i in range(7):
        friends = [j for j in range(7) if j != i and cosines[i, j] > between]
        alone += not friends
        total = sum(torch.exp(unit[i] @ unit[k] / 0.4) for k in range(7) if k != i)
        terms = [torch.log(torch.exp(unit[i] @ unit[j] / 0.4) / total) for j in friends]
        if friends:
            rows.append(-torch.stack(terms).mean())
    assert alone == 1
    torch.testing.assert_close(sset_loss(code, features), torch.stack(rows).sum() / 7)
    assert torch.autograd.gradcheck(lambda values: sset_loss(values, features), code.requires_grad_())


def test_alike_tokens_want_alike_codes() -> None:
    features = torch.eye(2).repeat_interleave(3, 0)
    assert sset_loss(features, features) < sset_loss(features[[0, 3, 1, 4, 2, 5]], features)


def test_tokens_that_are_all_alike_say_nothing() -> None:
    code = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = sset_loss(code, torch.ones(4, 2))
    loss.backward()
    assert loss.item() == pytest.approx(0)
    assert code.grad.isfinite().all()
