"""What follows the network is done in order, one job behind, and no error is lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from landwright.engine.lane import Lane
from landwright.engine.threads import Threads

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, params=[64, 1], ids=["beside", "in the caller's thread"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A machine that leaves the lane a core, and one that does not."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(os, "cpu_count", lambda: request.param)
    yield request.param
    torch.set_num_threads(before)


def test_jobs_are_done_in_order_in_one_thread(cores: int) -> None:
    done: list[Any] = []
    with Threads(CPU) as threads, Lane(CPU, threads.writing) as lane:
        for number in range(5):
            lane.submit(lambda scores: done.append((float(scores), threading.get_ident())), torch.tensor(number))
        lane.wait()
        assert len(done) == 5
        lane.submit(done.append, None)
    *numbered, last = done
    assert [number for number, _ in numbered] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in numbered} | {threading.get_ident()}) == (1 if cores == 1 else 2)
    assert last is None


@pytest.mark.parametrize("cores", [64], indirect=True)
def test_the_caller_is_one_job_ahead_and_no_more() -> None:
    begun, go = threading.Event(), threading.Event()

    def job(scores: torch.Tensor | None) -> None:
        begun.set()
        assert go.wait(10)

    with Threads(CPU) as threads, Lane(CPU, threads.writing) as lane:
        lane.submit(job, None)
        assert begun.wait(10), "it is begun while the caller goes on"
        second = threading.Thread(target=lane.submit, args=(job, None))
        second.start()
        second.join(0.05)
        assert second.is_alive(), "the next waits for it"
        go.set()
        second.join(10)


@pytest.mark.parametrize("again", ["submit", "wait", "end"])
def test_an_error_reaches_the_caller(again: str) -> None:
    def fail(scores: torch.Tensor | None) -> None:
        raise OSError("the disk is full")

    def run() -> None:
        with Threads(CPU) as threads, Lane(CPU, threads.writing) as lane:
            lane.submit(fail, None)
            if again == "submit":
                lane.submit(lambda scores: None, None)
            elif again == "wait":
                lane.wait()

    with pytest.raises(OSError, match="the disk is full"):
        run()


@pytest.mark.parametrize("cores", [64], indirect=True)
def test_an_error_of_the_caller_comes_first() -> None:
    def fail(scores: torch.Tensor | None) -> None:
        raise OSError("the disk is full")

    def run() -> None:
        with Threads(CPU) as threads, Lane(CPU, threads.writing) as lane:
            lane.submit(fail, None)
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        run()


@pytest.mark.parametrize("cores", [64], indirect=True)
def test_after_an_error_of_the_caller_the_thread_is_free() -> None:
    done: list[str] = []

    def slow(scores: torch.Tensor | None) -> None:
        time.sleep(0.05)
        done.append("first")

    with Threads(CPU) as threads:
        with pytest.raises(RuntimeError, match="out of memory"), Lane(CPU, threads.writing) as lane:
            lane.submit(slow, None)
            raise RuntimeError("out of memory")
        assert done == ["first"]
        with Lane(CPU, threads.writing) as lane:
            lane.submit(lambda scores: done.append("second"), None)
    assert done == ["first", "second"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: streams are those of CUDA")
def test_on_a_gpu_what_a_job_reads_is_not_overwritten() -> None:
    device = torch.device("cuda")
    memory, sums = torch.zeros(2, 1 << 22, device=device), torch.zeros(1 << 22, device=device)
    with Threads(device) as threads, Lane(device, threads.writing) as lane:
        for number in range(64):
            scores = memory[number % 2].fill_(number)
            lane.submit(sums.add_, scores)
    assert (sums == sum(range(64))).all()
