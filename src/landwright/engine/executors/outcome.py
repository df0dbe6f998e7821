"""What came of a run, and how far it is meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from landwright.engine.protocols import Progress
from landwright.runs import Run, shard

_LOOK_SECONDS = 2.0
_LOOK_SHARE = 100
"""A look may take one part in so many of the time: a listing of 100,000 blocks on a network share takes seconds."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        made: Number of blocks of the share that were finished meanwhile, by whichever workers.
        finished: Number of blocks of the whole run that are finished.
        left: Number of blocks of the whole run that are neither finished nor set aside: those of other shares.
        poison: Reasons of the blocks that were set aside, by name.
        deaths: Number of workers that died and were replaced.
        seconds: How long it took.
    """

    made: int
    finished: int
    left: int
    poison: dict[str, str] = field(default_factory=dict)
    deaths: int = 0
    seconds: float = 0.0


class Tracker:
    """Knows how far a run is, by looks at the run directory that cost next to nothing.

    Args:
        run: The run.
        progress: Called with the number of finished and of all pixels of the share.
        share: The share (index, count), by default all blocks.
    """

    def __init__(self, run: Run, progress: Progress | None = None, *, share: tuple[int, int] | None = None) -> None:
        """Look for the first time."""
        self._run, self._progress = run, progress
        blocks = run.blocks if share is None else shard(run.blocks, *share)
        self._pixels = {block.name: block.height * block.width for block in blocks}
        self._total = sum(self._pixels.values())
        self._began = time.monotonic()
        self._next = 0.0
        self._known: set[str] = set()
        self._look()
        self._before = len(self._known)
        self._tell()

    def note(self, block: str) -> None:
        """Count a block as finished without a look."""
        self._known.add(block)
        self.poll()
        self._tell()

    def poll(self) -> None:
        """Look, if the last look was long enough ago."""
        if self._progress is None or time.monotonic() < self._next:
            return
        before = len(self._known)
        self._look()
        if len(self._known) != before:
            self._tell()

    def outcome(self, deaths: int = 0) -> Outcome:
        """Look for the last time and sum up."""
        state = self._run.state()
        self._known = self._pixels.keys() & state.finished
        self._tell()
        return Outcome(
            made=len(self._known) - self._before,
            finished=len(state.finished),
            left=len(state.left),
            poison=state.poison,
            deaths=deaths,
            seconds=time.monotonic() - self._began,
        )

    def _look(self) -> None:
        began = time.monotonic()
        self._known |= self._run.results.finished() & self._pixels.keys()
        now = time.monotonic()
        self._next = now + max(_LOOK_SECONDS, _LOOK_SHARE * (now - began))

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(sum(self._pixels[name] for name in self._known), self._total)
