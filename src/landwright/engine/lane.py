"""What follows the network beside it: a thread, and on a GPU a stream, that is one job behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

Job = Callable[[Tensor | None], None]
"""Does something with the scores that were computed just now, or without any."""


class Lane:
    """Does jobs one after another, in the order they come, while the caller prepares the next; a context manager.

    At the end of the block all jobs are done; an error of one of them is raised by the next call, or by that end.

    On a GPU the jobs have a stream of their own: rows that go back to the processor do not wait for the batch that is
    computed meanwhile, and the network waits for none of them. On a CPU the jobs have a thread of their own only where
    the network leaves a core: threads of OpenMP that take turns on a core all wait for the one that has none.

    Args:
        device: Where the scores are.
    """

    def __init__(self, device: torch.device) -> None:
        """Start the thread, where there is to be one."""
        self._device = device
        self._job: Future[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        if device.type != "cpu" or torch.get_num_threads() < (os.cpu_count() or 1):
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landwright-writer")
            _compute_alone(self._thread)

    def __enter__(self) -> Self:
        """Return the lane itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the last job, and raise its error where there is none yet."""
        try:
            if error is None:
                self.wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown()

    def submit(self, job: Job, scores: Tensor | None) -> None:
        """Wait for the job before, then begin one.

        Args:
            job: What is done with the scores.
            scores: What was computed just now; the memory may be written anew once the next job is submitted.
        """
        self.wait()
        if self._thread is None:
            job(scores)
            return
        ready = None
        if self._stream is not None:
            ready = torch.cuda.current_stream(self._device).record_event()
            if scores is not None:
                scores.record_stream(self._stream)
        self._job = self._thread.submit(self._do, job, scores, ready)

    def wait(self) -> None:
        """Wait until there is nothing to do, and raise the error of the last job."""
        if self._job is not None:
            job, self._job = self._job, None
            job.result()
            if self._stream is not None:
                # What the caller computes from now on may overwrite what the job read.
                torch.cuda.current_stream(self._device).wait_stream(self._stream)

    @torch.inference_mode()
    def _do(self, job: Job, scores: Tensor | None, ready: torch.cuda.Event | None) -> None:
        with torch.cuda.stream(self._stream):
            if self._stream is not None and ready is not None:
                self._stream.wait_event(ready)
            job(scores)


def _compute_alone(thread: ThreadPoolExecutor) -> None:
    """Let torch compute in this thread alone, without helpers.

    Where OpenMP has more threads than there are cores, all of them sleep instead of wait for each other, those of the
    network too, which then takes half as long again. Torch's number of threads is that of the thread that sets it and
    of those that first ask for it later: this one sets and asks, and for all others the number is set back.
    """
    threads = torch.get_num_threads()
    if threads > 1:
        thread.submit(torch.set_num_threads, 1).result()
        thread.submit(torch.get_num_threads).result()
        torch.set_num_threads(threads)
