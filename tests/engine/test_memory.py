from __future__ import annotations

import gc
import mmap
from typing import Any

import pytest
import torch

from landwright.engine import memory
from landwright.engine.memory import Peak, give_back, parse_size, size_text
from landwright.errors import UsageError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("512 MiB", 512 * 2**20), ("1.5g", 1_500_000_000), ("800mb", 8 * 10**8), ("1000", 1000)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "4 XB", "-1GB", "0", "0.1", "IB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size of memory"):
        parse_size(text)


def test_sizes_are_written_for_people() -> None:
    assert (size_text(2.34e9), size_text(56e6)) == ("2.3 GB", "56 MB")


@pytest.mark.skipif(memory.sys.platform != "linux", reason="only Linux tells the memory of a process")
def test_memory_of_a_process_that_is_given_back_still_counts() -> None:
    grown = []
    for _ in range(3):  # what other tests left may be given back meanwhile
        gc.collect()
        peak = Peak(CPU)
        before = peak()
        with mmap.mmap(-1, 50_000_000) as fresh:  # numpy might take memory that the process has still
            for page in range(0, len(fresh), mmap.PAGESIZE):
                fresh[page] = 1
        after = peak()
        assert before is not None
        assert after is not None
        grown.append(after - before)
    assert any(40e6 < more < 90e6 for more in grown), grown


def test_where_the_system_does_not_tell_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "win32")
    assert Peak(CPU)() is None


def test_on_a_gpu_it_is_that_of_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    device, begun = torch.device("cuda"), list[Any]()
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", begun.append)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 350)
    assert Peak(device)() == 250
    assert begun == [device]


def test_freed_memory_is_given_back_where_the_library_knows_how(monkeypatch: pytest.MonkeyPatch) -> None:
    called = list[int]()

    class Glibc:
        malloc_trim = staticmethod(called.append)

    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: Glibc)
    give_back()
    assert called == [0]
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())  # musl has no such function
    give_back()
    monkeypatch.setattr(memory.sys, "platform", "win32")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: Glibc)
    give_back()
    assert called == [0]
