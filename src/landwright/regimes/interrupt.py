"""Ctrl-C during training: finish the step in hand, then stop."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupted(Exception):
    """The user asked to stop, and no step is under way."""


class StopRequest:
    """Whether the user has pressed Ctrl-C; a context in which it is noted instead of raised.

    A step that was cut in two could not be continued on the same trajectory. A second Ctrl-C stops at once; the
    checkpoint of the last validation remains.

    Attributes:
        made: Whether it was pressed.
    """

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.made = False
        self._previous: Any = None

    def __enter__(self) -> Self:
        """Listen to Ctrl-C."""
        if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
            self._previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave Ctrl-C as it was, also where Lightning has switched it off."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.made = True
        signal.signal(signal.SIGINT, self._previous)
        logging.getLogger("landwright").warning("finishing the step in hand; press Ctrl-C again to stop at once")
