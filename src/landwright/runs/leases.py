"""Leases: who works on which block, and since which attempt.

Each attempt at a block has a name of its own, ``leases/r00003-c00001.2.json``. To take a block is to create the name of
its next attempt; of all who try, one succeeds, whether the block was free, given back, failed, or its last worker is
taken for dead. No name is ever made anew, so that nobody can mistake a later lease for his own. An attempt that ended
without a result has a second document that says how, ``....2.failed.json`` or ``....2.released.json``, so that the list
of names tells the whole state.

A worker rewrites its lease from time to time. It is taken for dead by an observer who saw no change for `lease_seconds`
on his own monotonic clock: no two machines' clocks are ever compared, and no wall clock is read.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from landwright.errors import LandwrightError
from landwright.runs.blocks import Block
from landwright.runs.store import Store

LEASES: Final = "leases"
"""Folder of the leases."""

Ending = Literal["failed", "released"]


@dataclass(slots=True)
class Attempts:
    """All attempts at one block, as far as a list of names tells.

    Attributes:
        taken: Stamps of the leases by the number of the attempt.
        ended: How attempts ended that ended without a result.
    """

    taken: dict[int, str] = field(default_factory=dict)
    ended: dict[int, Ending] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Number of the last attempt."""
        return max(self.taken | self.ended)

    @property
    def failures(self) -> int:
        """Number of attempts that failed."""
        return sum(how == "failed" for how in self.ended.values())

    @property
    def silent(self) -> list[int]:
        """Numbers of the attempts that have not ended, of which all but the last are lost."""
        return sorted(self.taken.keys() - self.ended.keys())


def lease_name(block: str, attempt: int, ending: Ending | None = None) -> str:
    """Return the name of a lease, or of the document that says how it ended."""
    return f"{LEASES}/{block}.{attempt}.{ending}.json" if ending else f"{LEASES}/{block}.{attempt}.json"


def attempts_by_block(names: dict[str, str]) -> dict[str, Attempts]:
    """Sort the names in the folder of leases by block.

    Args:
        names: Names and stamps, as `Store.names` gives them.
    """
    found: dict[str, Attempts] = {}
    for name, stamp in names.items():
        block, attempt, *ending = name.removeprefix(f"{LEASES}/").removesuffix(".json").split(".")
        attempts = found.setdefault(block, Attempts())
        if not ending:
            attempts.taken[int(attempt)] = stamp
        else:
            attempts.ended[int(attempt)] = "failed" if ending[0] == "failed" else "released"
    return found


class Lease:
    """One attempt of one worker at one block.

    Args:
        store: Where the leases are.
        block: The block.
        attempt: Number of the attempt, from 1.
        worker: Who holds it.
    """

    def __init__(self, store: Store, block: Block, attempt: int, worker: str) -> None:
        """Use `take` to get a lease."""
        self.block, self.attempt, self.worker = block, attempt, worker
        self._store, self._beats = store, 0

    @classmethod
    def take(cls, store: Store, block: Block, attempt: int, worker: str) -> Lease | None:
        """Take the block's next attempt; None if another did."""
        lease = cls(store, block, attempt, worker)
        return lease if store.create(lease.name, lease._content()) else None

    @property
    def name(self) -> str:
        """Name of its document."""
        return lease_name(self.block.name, self.attempt)

    def beat(self) -> None:
        """Show that the worker lives."""
        self._beats += 1
        self._store.write(self.name, self._content())

    def is_lost(self) -> bool:
        """Return whether another worker has taken the next attempt."""
        return self._store.read(lease_name(self.block.name, self.attempt + 1)) is not None

    def end(self, how: Ending, reason: str) -> None:
        """Give the block back without a result."""
        content = {"worker": self.worker, "attempt": self.attempt, "reason": reason}
        self._store.create(lease_name(self.block.name, self.attempt, how), json.dumps(content).encode())

    def remove(self) -> None:
        """Remove its document, when the block is finished."""
        self._store.delete(self.name)

    def _content(self) -> bytes:
        return json.dumps({"worker": self.worker, "attempt": self.attempt, "beats": self._beats}).encode()


@contextmanager
def heartbeat(lease: Lease, seconds: float) -> Iterator[None]:
    """Renew a lease from a thread while the block is in work.

    A renewal that fails (a share that does not answer, a full disk) is tried again at its next turn: if the lease is
    lost over it, the worker finds out before it publishes.

    Args:
        lease: The lease.
        seconds: Time between two renewals.
    """
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(seconds):
            with suppress(LandwrightError):
                lease.beat()

    thread = threading.Thread(target=renew, name=f"lease of {lease.block.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(seconds)


class Watch:
    """One observer's memory of what he saw for how long without a change.

    Args:
        longest: Most seconds that count between two looks. A process that was stopped for an hour has not watched
            for an hour.
    """

    def __init__(self, longest: float) -> None:
        """Nothing was seen yet."""
        self._longest = longest
        self._seen: dict[str, tuple[str, float]] = {}
        self._looked: float | None = None

    def look(self, stamps: Iterable[tuple[str, str]], now: float) -> None:
        """Take in what is there now; what is gone is forgotten.

        Args:
            stamps: Names and stamps.
            now: The observer's monotonic clock, in seconds.
        """
        step = 0.0 if self._looked is None else min(now - self._looked, self._longest)
        self._looked = now
        before, self._seen = self._seen, {}
        for name, stamp in stamps:
            stamp_before, seconds = before.get(name, ("", 0.0))
            self._seen[name] = (stamp, seconds + step if stamp == stamp_before else 0.0)

    def unchanged(self, name: str) -> float:
        """Return for how many seconds a name was seen without a change."""
        return self._seen[name][1] if name in self._seen else 0.0
