"""What follows the network beside it: a thread, and on a GPU a stream, that is one job behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

Job = Callable[[Tensor | None], None]
"""Does something with the scores that were computed just now, or without any."""


class Lane:
    """Does jobs one after another, in the order they come, while the caller prepares the next; a context manager.

    At the end of the block all jobs are done; an error of one of them is raised by the next call, or by that end,
    unless there is one already.

    On a GPU the jobs have a stream of their own: rows that go back to the processor do not wait for the batch that is
    computed meanwhile, and the network waits for none of them.

    Args:
        device: Where the scores are.
        thread: Does the jobs (`threads.Threads.writing`); without one they are done in the caller's thread.
    """

    def __init__(self, device: torch.device, thread: ThreadPoolExecutor | None) -> None:
        """Begin with nothing to do."""
        self._device = device
        self._job: Future[None] | None = None
        self._thread = thread
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        """Return the lane itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the last job, and raise its error where there is none yet."""
        if error is None:
            self.wait()
        elif self._job is not None:
            wait([self._job])

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
