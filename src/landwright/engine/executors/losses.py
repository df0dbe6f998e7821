"""Blocks of workers that are known to be dead: taken back at once, without waiting for their leases to run out."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

from landwright.errors import LandwrightError
from landwright.runs import Event, Run
from landwright.runs.claims import Claims, Terms
from landwright.runs.leases import LEASES, Lease, attempts_by_block, lease_name


class Losses:
    """Gives the blocks of dead workers back, and sets those aside over which too many died.

    A lease that is given back for a worker that lives after all, cut off by the network, costs only its work: what it
    wrote is removed first, so that it cannot publish.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        """Nobody has died yet."""
        self._run = run
        self._blocks = {block.name: block for block in run.blocks}
        self._deaths: Counter[str] = Counter()
        self._most = Terms().losses

    def give_back(self, workers: set[str], reason: str, *, by_death: bool = True) -> bool:
        """Give back what workers held that do not run any more.

        Args:
            workers: Their names.
            reason: Why they do not.
            by_death: Whether it may be the block's fault.

        Returns:
            Whether they held anything.
        """
        held = False
        with suppress(LandwrightError):  # of a full disk; the leases then run out by themselves
            for lease in self._held(workers):
                held = True
                self._end(lease, reason, by_death)
        return held

    def _held(self, workers: set[str]) -> list[Lease]:
        found = []
        for name, attempts in attempts_by_block(self._run.store.names(LEASES)).items():
            number = attempts.last
            if number in attempts.ended:
                continue
            with suppress(ValueError, KeyError):  # of a lease whose content is not written yet
                worker = json.loads(self._run.store.read(lease_name(name, number)) or b"")["worker"]
                if worker in workers:
                    found.append(Lease(self._run.store, self._blocks[name], number, worker))
        return found

    def _end(self, lease: Lease, reason: str, by_death: bool) -> None:
        run, name = self._run, lease.block.name
        run.results.discard(name, lease.attempt)
        if run.results.is_finished(name):
            lease.remove()
            return
        self._deaths[name] += by_death
        if self._deaths[name] <= self._most:
            lease.end("released", reason)
            run.journal.append(Event("released", name, lease.worker, lease.attempt, None, reason))
            return
        reason = f"{self._deaths[name]} workers died over it, out of memory perhaps; the last one: {reason}"
        terms = Terms(retries=0)
        Claims(run.store, run.results, [lease.block], worker=lease.worker, terms=terms).fail(lease, reason)
        run.journal.append(Event("poison", name, lease.worker, lease.attempt, None, reason))
