from __future__ import annotations

import torch

from landwright.engine.ring import RingBuffer

CPU = torch.device("cpu")


def test_windows_wrap_around_and_rows_are_cleared() -> None:
    ring = RingBuffer(2, 8, 12, CPU)
    ones = torch.ones(8, 8)
    ring.add(torch.full((2, 8, 8), 3.0), 0, 0, ones)
    ring.add(torch.full((2, 8, 8), 5.0), 0, 4, ones * 0.5)
    first = torch.cat([rows.clone() for _, rows in ring.take(0, 5)], dim=1)
    expected = torch.tensor([3.0] * 4 + [5.5] * 4 + [2.5] * 4)
    assert torch.equal(first, expected.expand(2, 5, 12))
    ring.add(torch.full((2, 8, 8), 1.0), 5, 0, ones)
    rest = torch.cat([rows.clone() for _, rows in ring.take(5, 13)], dim=1)
    assert torch.equal(rest[:, :3], expected.expand(2, 3, 12) + torch.tensor([1.0] * 8 + [0.0] * 4))
    assert torch.equal(rest[:, 3:], torch.tensor([1.0] * 8 + [0.0] * 4).expand(2, 5, 12))


def test_rows_come_in_pieces_that_fit_a_cache() -> None:
    ring = RingBuffer(1, 200, 4, CPU)
    pieces = [(row, rows.shape[1]) for row, rows in ring.take(150, 350)]
    assert pieces == [(150, 50), (200, 64), (264, 64), (328, 22)]
    wide = RingBuffer(60, 40, 2048, CPU)
    assert [rows.shape[1] for _, rows in wide.take(0, 40)] == [17, 17, 6], "at most 8 MiB of scores"
