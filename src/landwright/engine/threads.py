"""Threads beside the network's own, which last as long as a map."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch


class Threads:
    """A thread that reads and one that sums and writes; a context manager, at whose end both are done and gone.

    One pair serves all blocks of a map: glibc keeps memory by thread, and gives little of it back when one has ended.
    With new threads for each, two blocks took 13 % more memory than a quarter of their rows in one; with these 7 %.

    Args:
        device: Where the network computes. On a CPU sums have a thread of their own only where the network leaves a
            core: threads of OpenMP that take turns on a core all wait for the one that has none.

    Attributes:
        reading: Runs one job at a time.
        writing: Likewise, or None where the network's own thread is to do it.
    """

    def __init__(self, device: torch.device) -> None:
        """Settle which there are."""
        self.reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landwright-reader")
        self.writing: ThreadPoolExecutor | None = None
        if device.type != "cpu" or torch.get_num_threads() < (os.cpu_count() or 1):
            self.writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landwright-writer")
            _compute_alone(self.writing)

    def __enter__(self) -> Self:
        """Return the threads themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what they do."""
        self.reading.shutdown()
        if self.writing is not None:
            self.writing.shutdown()


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
