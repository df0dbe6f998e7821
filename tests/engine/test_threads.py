"""Threads beside the network's: they last as long as a map, and sums have one where there is a core for it."""

from __future__ import annotations

import os
import threading

import pytest
import torch

from landwright.engine.threads import Threads

CPU = torch.device("cpu")


@pytest.mark.parametrize(("cores", "beside"), [(64, True), (2, False)])
def test_what_sums_has_no_helpers_and_others_keep_theirs(
    monkeypatch: pytest.MonkeyPatch, cores: int, beside: bool
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    torch.set_num_threads(2)
    try:
        with Threads(CPU) as threads:
            assert (threads.writing is not None) == beside
            if threads.writing is not None:
                assert threads.writing.submit(torch.get_num_threads).result() == 1
            assert threads.reading.submit(torch.get_num_threads).result() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_nothing_is_left_of_them() -> None:
    with Threads(CPU) as threads:
        first, again = (threads.reading.submit(threading.get_ident).result() for _ in range(2))
        assert first == again != threading.get_ident()
    assert not any(thread.name.startswith("landwright") for thread in threading.enumerate())
