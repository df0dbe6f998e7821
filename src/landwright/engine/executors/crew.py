"""Several workers and whoever looks after them: the dead are replaced; all end when one cannot go on or all is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from landwright.engine.executors.losses import Losses
from landwright.engine.executors.outcome import Outcome, Tracker
from landwright.errors import DataError
from landwright.runs import Run, worker_name

_TICK_SECONDS = 0.5

_FUTILE = 3
"""How many workers in a row may die, for each that there should be, before one begins a block."""


@dataclass(frozen=True)
class Ending:
    """How a worker ended: by itself if neither is given, since there was nothing left to do.

    Attributes:
        worker: Its name.
        error: What it raised.
        death: How it died.
    """

    worker: str
    error: Exception | None = None
    death: str | None = None


class Crew(Protocol):
    """Workers of one kind, each of which opens the job once and pulls blocks."""

    def start(self, worker: str) -> None:
        """Start one more."""

    def wait(self, seconds: float) -> list[Ending]:
        """Return those that ended, after this time at most; each is told once."""

    def stop(self) -> None:
        """End all that still run; when this returns, none does."""


def supervise(run: Run, crew: Crew, count: int, tracker: Tracker) -> Outcome:
    """Let workers pull until one finds that all is done.

    Args:
        run: The run.
        crew: The workers.
        count: How many there should be.
        tracker: Tells how far the run is.

    Returns:
        What came of it.

    Raises:
        UsageError: No block can be computed so.
        DiskFullError: The disk is full.
        DataError: A block was set aside, and workers are to stop then; or they die before they begin.
    """
    losses, deaths, futile, before = Losses(run), 0, 0, len(run.results.finished())
    working = {worker_name() for _ in range(count)}
    try:
        for worker in working:
            crew.start(worker)
        while True:
            for ending in crew.wait(_TICK_SECONDS):
                working.discard(ending.worker)
                if ending.error is not None:
                    raise ending.error
                if ending.death is None:
                    return _stopped(crew, losses, working, tracker, deaths)
                deaths += 1
                had_begun, finished = losses.give_back({ending.worker}, ending.death), len(run.results.finished())
                futile = 0 if had_begun or finished > before else futile + 1
                before = finished
                if futile > _FUTILE * count:
                    raise DataError(
                        f"workers die before they begin a block: {ending.death}",
                        path=run.folder,
                        remedy="Give the machine more memory, or use fewer workers; what is finished stays",
                    )
                worker = worker_name()
                working.add(worker)
                crew.start(worker)
            tracker.poll()
    except BaseException:
        crew.stop()
        losses.give_back(working, "all workers were stopped", by_death=False)
        raise


def _stopped(crew: Crew, losses: Losses, working: set[str], tracker: Tracker, deaths: int) -> Outcome:
    """End those that have nothing to do any more but wait to see so."""
    crew.stop()
    losses.give_back(working, "all is done", by_death=False)
    return tracker.outcome(deaths)
