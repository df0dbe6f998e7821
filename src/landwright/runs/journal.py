"""The journal of a run: one line of JSON per event, for people and for reports.

What is finished, set aside or in work is not read from it but from the run directory itself, so that a lost line costs
nothing but the line.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from landwright.runs.store import explained

EventName = Literal["started", "done", "failed", "poison", "released", "lost"]

_START: Final = b'{"event":'


@dataclass(frozen=True)
class Event:
    """What happened to a block.

    Attributes:
        event: Its kind: ``lost`` is an attempt whose worker was taken for dead, so that another had the block;
            ``released`` one that was given back, by Ctrl-C or a full disk.
        block: Name of the block.
        worker: Who reports it.
        attempt: Number of the attempt, from 1.
        seconds: How long it took, None where nothing ended.
        reason: What went wrong, if anything did.
        time: Wall clock of the worker, ISO 8601 in UTC.
    """

    event: EventName
    block: str
    worker: str
    attempt: int
    seconds: float | None = None
    reason: str | None = None
    time: str | None = None


class Journal(Protocol):
    """What happened, written by any number of processes."""

    def append(self, event: Event) -> None:
        """Write one event; it is kept when this returns."""

    def read(self) -> list[Event]:
        """Return the events in their order."""


class FileJournal:
    """A file that any number of processes append to.

    On NFS lines that several machines append at the same moment can overwrite each other.

    Args:
        path: The file; it is made with the first event.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is touched yet."""
        self.path = path

    def append(self, event: Event) -> None:
        """Write one event; it is on the disk when this returns.

        Raises:
            DiskFullError: It does not fit.
            DataError: The file cannot be written.
        """
        line = line_of(event)
        with explained(self.path):
            descriptor = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o666)
            try:
                # One call, so that the lines of several processes do not mix.
                if os.write(descriptor, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def read(self) -> list[Event]:
        """Return the events in their order, without those whose writer died over them.

        Raises:
            DataError: The file cannot be read.
        """
        with explained(self.path, "read"):
            try:
                lines = self.path.read_bytes().split(b"\n")
            except FileNotFoundError:
                return []
        # The next line stands right behind a torn one. Inside strings of JSON the quotes of _START are escaped.
        pieces = [piece for line in lines for piece in line.split(_START)[1:]]
        return [event for piece in pieces if (event := event_of(_START + piece)) is not None]


def line_of(event: Event) -> bytes:
    """Return an event as a line of JSON, with the time that it is now."""
    content = asdict(event) | {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    kept = {key: value for key, value in content.items() if value is not None}
    return (json.dumps(kept, separators=(",", ":")) + "\n").encode()


def event_of(line: bytes) -> Event | None:
    """Return the event of a line, None for a torn one."""
    try:
        return Event(**json.loads(line))
    except (ValueError, TypeError):
        return None
