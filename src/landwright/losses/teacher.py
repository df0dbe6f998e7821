"""A teacher that is the moving average of its student (Tarvainen and Valpola, "Mean teachers", NeurIPS 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def ema_decay(step: int, largest: float) -> float:
    """Return the share of the old teacher in the new one: 0 in step 0, 1/2, 2/3, ... up to ``largest``."""
    return min(1 - 1 / (step + 1), largest)


@torch.no_grad()
def update_teacher(teacher: nn.Module, student: nn.Module, decay: float, *, buffers: bool = True) -> None:
    """Move a teacher towards its student, in place.

    Args:
        teacher: A copy of the student, on the same device.
        student: What is trained.
        decay: Share of the old teacher, from 0 to 1.
        buffers: Average buffers too, such as the statistics of batch norm, and copy those of integers. RS3DAda as
            published averages the parameters alone, so that its teacher keeps the statistics that it was made with.
    """
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    average(list(teacher.parameters()), list(student.parameters()), 0)
    if not buffers:
        return
    old: list[Tensor] = []
    new: list[Tensor] = []
    for held, current in zip(teacher.buffers(), student.buffers(), strict=True):
        if held.is_floating_point():
            old.append(held)
            new.append(current)
        else:
            held.copy_(current)
    if old:
        average(old, new, 0)
