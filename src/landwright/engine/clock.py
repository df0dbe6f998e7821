"""How long the stages of mapping take: the engine's reader, scorer and sink in wrappers that look at the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Summing
from landwright.rasters import Window


class Clock:
    """Seconds that each stage takes.

    On a GPU it waits at the end of every stage for what was begun there, which costs a little speed: only for
    measuring.

    Attributes:
        read: Reading and decoding pixels, in a thread of its own beside the others.
        compute: The network with all around it, from pixels to scores.
        blend: Weighting and summing windows, beside the network where there is a core for it (`threads.Threads`).
        write: From sums to the finished rows in the files, in the same thread.
        total: From the first row to the last.
    """

    def __init__(self) -> None:
        """Start at nought."""
        self.read = self.compute = self.blend = self.write = self.total = 0.0
        self._started = time.perf_counter()
        self._between = 0.0

    @property
    def wait(self) -> float:
        """What is left of the total in the network's thread: gathering windows, and waiting for the other threads."""
        return max(0.0, self.total - self.compute - self._between)

    def around(
        self, reader: Reader, scorer: Scorer, sink: Sink, progress: Progress | None
    ) -> tuple[Reader, Scorer, Sink, Progress, Summing]:
        """Start, and return the same with the clock around each, and what it looks at windows being summed with."""
        self._started = time.perf_counter()
        now, thread = _now_on(scorer.device), threading.get_ident()

        def tell(done: int, total: int) -> None:
            self.total = now() - self._started
            if progress is not None:
                progress(done, total)

        def summing(job: Callable[[], None]) -> None:
            started, written = now(), self.write
            job()
            seconds = now() - started
            self.blend += seconds - (self.write - written)
            if threading.get_ident() == thread:
                self._between += seconds

        return _Reading(self, reader), _Scoring(self, scorer, now), _Writing(self, sink, now), tell, summing


class _Reading:
    def __init__(self, clock: Clock, reader: Reader) -> None:
        self._clock, self._reader = clock, reader

    @property
    def shape(self) -> tuple[int, int]:
        return self._reader.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        started = time.perf_counter()
        pixels = self._reader.read_with_valid(window)
        self._clock.read += time.perf_counter() - started
        return pixels


class _Scoring:
    def __init__(self, clock: Clock, scorer: Scorer, now: Callable[[], float]) -> None:
        self._clock, self._scorer, self._now = clock, scorer, now
        self.channels, self.device = scorer.channels, scorer.device

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> torch.Tensor:
        started = self._now()
        scores = self._scorer(pixels, valid)
        self._clock.compute += self._now() - started
        return scores


class _Writing:
    def __init__(self, clock: Clock, sink: Sink, now: Callable[[], float]) -> None:
        self._clock, self._sink, self._now = clock, sink, now

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        started = self._now()
        self._sink.write(row, scores, valid)
        self._clock.write += self._now() - started


def _now_on(device: torch.device) -> Callable[[], float]:
    """Return what tells the time once a device has done what was begun on it."""
    if device.type != "cuda":
        return time.perf_counter

    def now() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return now
