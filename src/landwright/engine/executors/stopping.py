"""SIGTERM, by which Slurm, Kubernetes and `kill` end a program, ends it as Ctrl-C does: blocks are given back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping() -> Iterator[None]:
    """Raise SystemExit on SIGTERM; outside the main thread, where Python allows no handlers, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def leave(number: int, frame: FrameType | None) -> None:
    """Leave with the exit code that shells expect after a signal; a handler of signals."""
    raise SystemExit(128 + number)
