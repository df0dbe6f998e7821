"""SIGTERM, by which Slurm, Kubernetes and `kill` end a program, ends it as Ctrl-C does: blocks are given back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def stopping() -> Iterator[None]:
    """Interrupt on SIGTERM as Ctrl-C does, then raise SystemExit; outside the main thread, which alone may, do nothing.

    Not SystemExit at once: while Ray waits it understands nothing but KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.set()
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if asked.is_set():
            leave(signal.SIGTERM, None)
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """Leave with the exit code that shells expect after a signal; a handler of signals."""
    raise SystemExit(128 + number)
