import sys

import pytest
import torch

from landwright.errors import UsageError
from landwright.losses import build_loss
from landwright.losses.criteria import SMP_LOSSES, smp_criterion


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("name", SMP_LOSSES)
def test_smp_losses_ignore(name, classes):
    pytest.importorskip("segmentation_models_pytorch", reason="smp comes with the extra train")
    criterion = smp_criterion(name, classes)
    logits = torch.randn(2, classes, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    mask = torch.randint(0, max(2, classes), (2, 8, 8), generator=torch.Generator().manual_seed(1))
    mask[:, :3] = 255
    criterion.terms(logits, criterion.prepare(mask))[name].backward()
    assert logits.grad[:, :, :3].abs().max() == 0
    assert logits.grad[:, :, 3:].abs().max() > 0
    nothing = criterion.terms(logits, criterion.prepare(torch.full_like(mask, 255)))[name]
    assert nothing == 0
    nothing.backward()


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with pytest.raises(UsageError, match=r"landwright\[train\]"):
        build_loss("smp-dice", 2)
