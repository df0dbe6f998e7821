from __future__ import annotations

import pytest
import torch
from torch import nn

from landwright.losses import ema_decay, update_teacher


def network(value: float) -> nn.Sequential:
    built = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for tensor in (*built.parameters(), *built.buffers()):
            tensor.fill_(value)
    return built


def test_the_share_of_the_old_teacher_grows() -> None:
    assert [ema_decay(step, 0.7) for step in range(5)] == pytest.approx([0, 1 / 2, 2 / 3, 0.7, 0.7])


def test_statistics_are_averaged_with_the_weights() -> None:
    teacher, student = network(4), network(8)
    before = [parameter.clone() for parameter in student.parameters()]
    update_teacher(teacher, student, 0.75)
    for tensor in (*teacher.parameters(), teacher[1].running_mean, teacher[1].running_var):
        torch.testing.assert_close(tensor.detach(), torch.full_like(tensor, 5))
    assert teacher[1].num_batches_tracked == 8
    assert all(map(torch.equal, student.parameters(), before))
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_the_published_teacher_keeps_its_statistics() -> None:
    teacher = network(4)
    update_teacher(teacher, network(8), 0.75, buffers=False)
    assert teacher[1].running_mean.tolist() == [4, 4]
    assert teacher[0].bias.tolist() == [5, 5]


def test_the_first_step_copies_the_student() -> None:
    teacher, student = network(4), network(8)
    update_teacher(teacher, student, ema_decay(0, 0.99))
    for name, tensor in student.state_dict().items():
        torch.testing.assert_close(teacher.state_dict()[name], tensor)


def test_a_network_without_buffers() -> None:
    teacher = nn.Linear(1, 1)
    student = nn.Linear(1, 1)
    update_teacher(teacher, student, 0)
    torch.testing.assert_close(teacher.weight, student.weight)
