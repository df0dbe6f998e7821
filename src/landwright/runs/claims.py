"""Which block a worker takes next, from what it can see of the others."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from landwright.runs.blocks import Block
from landwright.runs.leases import LEASES, Attempts, Lease, Watch, attempts_by_block, lease_name
from landwright.runs.store import Store

POISON: Final = "poison"
"""Folder of the blocks that were set aside."""

_FIRST_WAIT: Final = 1 / 64
"""First wait of a worker without work, as a share of the lease; it doubles up to all of it."""

_FIRST_REST: Final = 1 / 8
"""First rest of a block that failed, as a share of the lease; it doubles up to all of it."""

_COLLISIONS: Final = 3
"""How often in a row another worker may be first before this one looks again; after twice as many it also waits a
little, since a listing can lag behind on a network share."""

_PAGE: Final = 1000
"""Names that a listing of an object store has per request."""


class Finished(Protocol):
    """What is known of finished blocks; `landwright.runs.Results` is one."""

    def finished(self) -> set[str]:
        """Return the names of all finished blocks."""

    def is_finished(self, block: str) -> bool:
        """Return whether a block is finished."""

    def revoke(self, block: str, attempt: int) -> None:
        """Make it impossible that an attempt publishes."""


@dataclass(frozen=True)
class Terms:
    """When a lease is over, and when a block is given up.

    Attributes:
        lease_seconds: After how many seconds without a sign of life a worker is taken for dead.
        retries: How often a block that failed is tried again before it is set aside.
        losses: How many workers may vanish over a block before it is set aside; a block that needs more memory than
            there is kills them all, while a machine that is taken back is not the block's fault.
    """

    lease_seconds: float = 60.0
    retries: int = 2
    losses: int = 10


class Claims:
    """The view of one worker, and what it takes.

    It looks at all leases at once, then takes blocks by that view, one after another in their order, so that a worker
    stays in one region. When one was taken already it goes on from a random place, and looks again only if that happens
    several times in a row. A block whose worker is taken for dead is taken only right after a look. With nothing to
    take it waits, longer every time.

    Args:
        store: Where the leases are.
        results: What is finished.
        blocks: Blocks that this worker may take.
        worker: Its name.
        terms: When a lease is over.
        seed: For the random places and waits.
    """

    def __init__(
        self,
        store: Store,
        results: Finished,
        blocks: Sequence[Block],
        *,
        worker: str,
        terms: Terms,
        seed: int | None = None,
    ) -> None:
        """Nothing is looked at yet."""
        self.worker, self.terms = worker, terms
        self._store, self._results = store, results
        self._open = {block.name: block for block in blocks}
        self._attempts: dict[str, Attempts] = {}
        self._ready: list[str] = []
        self._orphans: list[str] = []
        self._watch = Watch(terms.lease_seconds / 2)
        self._random = random.Random(seed)
        self._next = 0
        self._wait = 0.0
        self._collisions = 0
        self._total = len(blocks)
        self._has_looked = False

    @property
    def left(self) -> int:
        """Number of blocks that were neither finished nor set aside at the last look."""
        return len(self._open)

    @property
    def must_wait(self) -> bool:
        """Whether there is nothing to take by the last look, or others keep being first."""
        return not (self._ready or self._orphans) or self._collisions >= 2 * _COLLISIONS

    def look(self, now: float) -> None:
        """See what the others have taken and finished.

        Args:
            now: This worker's monotonic clock, in seconds.

        Raises:
            DataError: The run directory cannot be read.
        """
        # In this order a block that is finished in between is seen as taken or as finished, never as free.
        attempts = attempts_by_block(self._store.names(LEASES))
        if any(found.last in found.ended for found in attempts.values()):  # as the last one of poison has
            for name in self._store.names(POISON):
                self._open.pop(_block_of(name), None)
        for name in self._finished([name for name in self._open if name not in attempts]):
            self._open.pop(name, None)
        self._attempts = {block: found for block, found in attempts.items() if block in self._open}
        self._watch.look(((_last_name(block, a), a.taken.get(a.last, "")) for block, a in self._attempts.items()), now)
        self._ready = [block for block in self._open if self._is_free(block)]
        self._orphans = [block for block in self._attempts if self._is_orphan(block)]
        self._next = self._random.randrange(len(self._ready)) if self._ready else 0

    def choose(self) -> str | None:
        """Return the block to take next by the last view, None if there is none."""
        if self._orphans:
            return self._orphans.pop(self._random.randrange(len(self._orphans)))
        if not self._ready:
            return None
        self._next %= len(self._ready)
        return self._ready.pop(self._next)

    def take(self, name: str) -> Lease | None:
        """Take a block.

        Returns:
            The lease; None if another worker was first, or the block is finished or given up.

        Raises:
            DataError: The run directory cannot be written.
        """
        before = self._attempts.get(name, Attempts())
        attempt = before.last + 1 if name in self._attempts else 1
        lease = Lease.take(self._store, self._open[name], attempt, self.worker)
        if lease is None:
            self._missed()
            return None
        for lost in before.silent:
            self._results.revoke(name, lost)
        if self._results.is_finished(name):
            self.clear(lease)
            self._open.pop(name)
            self._missed()
            return None
        # What looked dead may have woken up by the time that this block is done.
        self._orphans = []
        self._wait, self._collisions = 0.0, 0
        if (reason := self._given_up(name, before)) is not None:
            lease.end("released", reason)
            self._set_aside(name, reason)
            return None
        return lease

    def patience(self) -> float:
        """Return for how many seconds to wait before the next look, when there is nothing to take."""
        longest = self.terms.lease_seconds
        self._wait = min(2 * self._wait, longest) or longest * _FIRST_WAIT
        return self._wait * self._random.uniform(0.75, 1.25)

    def clear(self, lease: Lease) -> None:
        """Remove the leases of a finished block."""
        name = lease.block.name
        before = self._attempts.pop(name, Attempts())
        for attempt, how in before.ended.items():
            self._store.delete(lease_name(name, attempt, how))
        for attempt in before.taken:
            self._store.delete(lease_name(name, attempt))
        lease.remove()

    def fail(self, lease: Lease, reason: str) -> bool:
        """Note that a block failed.

        Returns:
            Whether it was set aside for it.
        """
        lease.end("failed", reason)
        name = lease.block.name
        failures = 1 + self._attempts.get(name, Attempts()).failures
        if failures <= self.terms.retries:
            return False
        self._set_aside(name, reason)
        return True

    def _missed(self) -> None:
        self._collisions += 1
        self._orphans = []
        self._ready = self._ready if self._collisions % _COLLISIONS else []
        self._next = self._random.randrange(len(self._ready)) if self._ready else 0

    def _finished(self, candidates: list[str]) -> Collection[str]:
        """Return at least those of the candidates that are finished, by as few requests as it takes."""
        if not self._has_looked or len(candidates) > 1 + self._total // _PAGE:
            self._has_looked = True
            return self._results.finished()
        return [name for name in candidates if self._results.is_finished(name)]

    def _is_free(self, name: str) -> bool:
        attempts = self._attempts.get(name)
        if attempts is None:
            return True
        how = attempts.ended.get(attempts.last)
        if how == "failed":
            rest: float = self.terms.lease_seconds * min(1.0, _FIRST_REST * 2 ** (attempts.failures - 1))
            return self._watch.unchanged(_last_name(name, attempts)) >= rest
        return how == "released"

    def _is_orphan(self, name: str) -> bool:
        attempts = self._attempts[name]
        watched = self._watch.unchanged(_last_name(name, attempts))
        return attempts.last not in attempts.ended and watched >= self.terms.lease_seconds

    def _given_up(self, name: str, before: Attempts) -> str | None:
        if len(before.silent) > self.terms.losses:
            return f"{len(before.silent)} workers vanished over it, killed or out of memory"
        if before.failures > self.terms.retries:
            # Whoever saw it fail last died before it could set it aside.
            number = max(attempt for attempt, how in before.ended.items() if how == "failed")
            content = self._store.read(lease_name(name, number, "failed"))
            return str(json.loads(content)["reason"]) if content else "it failed too often"
        return None

    def _set_aside(self, name: str, reason: str) -> None:
        content = {"block": name, "worker": self.worker, "reason": reason}
        self._store.create(f"{POISON}/{name}.json", json.dumps(content).encode())


def _block_of(name: str) -> str:
    return name.removeprefix(f"{POISON}/").removesuffix(".json")


def _last_name(block: str, attempts: Attempts) -> str:
    return lease_name(block, attempts.last, attempts.ended.get(attempts.last))
