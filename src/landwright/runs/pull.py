"""The loop of one worker."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from landwright.errors import DISK_FULL, DataError, DiskFullError, LandwrightError, UsageError
from landwright.runs.blocks import Block
from landwright.runs.blocks import shard as share_of
from landwright.runs.claims import Claims, Terms
from landwright.runs.journal import Event, EventName
from landwright.runs.leases import Lease, heartbeat
from landwright.runs.run import Run

Work = Callable[[Block, Path], None]
"""Computes a block and writes its files into the folder given; they become visible together, once all are written."""

_BEATS = 3
"""Renewals in the time after which a worker is taken for dead."""


@dataclass
class Summary:
    """What one worker did.

    Attributes:
        done: Names of the blocks that it finished, in this order.
        failed: Number of its attempts that failed.
        lost: Number of its attempts that came too late: another worker had taken the block meanwhile.
        poison: Reasons of all blocks of its share that are set aside, by name, whoever did it.
        seconds: How long it was at work, waiting included.
    """

    done: list[str] = field(default_factory=list)
    failed: int = 0
    lost: int = 0
    poison: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def worker_name() -> str:
    """Return a name for this process that no other has: host, process, and a random part."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def pull(
    run: Run,
    work: Work,
    *,
    worker: str | None = None,
    lease_seconds: float = 60.0,
    retries: int = 2,
    losses: int = 10,
    on_error: Literal["skip", "fail"] = "skip",
    shard: tuple[int, int] | None = None,
) -> Summary:
    """Take blocks and compute them, until all are finished or set aside.

    Any number of processes may do so at the same time, come and go. A block whose worker died is taken by another. On a
    shared file system `lease_seconds` must be longer than its clients' caches live (NFS: ``acregmax``, 60 seconds if
    nobody changed it), or workers that live are taken for dead, which costs their work but no more.

    Args:
        run: The run directory.
        work: Computes a block.
        worker: A name for this worker, by default `worker_name`.
        lease_seconds: After how many seconds without a sign of life a worker is taken for dead.
        retries: How often a block that failed is tried again before it is set aside, by whichever workers.
        losses: How many workers may vanish over a block before it is set aside.
        on_error: Go on without blocks that were set aside, or stop.
        shard: Take only the blocks of this share (index, count), see `landwright.runs.shard`.

    Returns:
        What this worker did.

    Raises:
        DiskFullError: The disk is full. The block is given back.
        DataError: The run directory cannot be read or written, or is gone; or, with ``fail``, a block was set aside.
        UsageError: There is no such share, or `work` raised it: no block can be computed so.
    """
    if lease_seconds <= 0 or retries < 0 or losses < 0:
        problem = f"leases of {lease_seconds} s, {retries} retries and {losses} losses are not possible"
        raise UsageError(problem, remedy="Give positive seconds and no negative counts")
    blocks = run.blocks if shard is None else share_of(run.blocks, *shard)
    terms = Terms(lease_seconds, retries, losses)
    claims = Claims(run.store, run.results, blocks, worker=worker or worker_name(), terms=terms)
    summary, began = Summary(), time.monotonic()

    def check() -> None:
        if on_error == "fail":
            _refuse_poison(run, blocks)

    while (lease := _next(run, claims, check)) is not None:
        _attempt(run, claims, lease, work, summary)
    poison = run.state().poison
    summary.poison = {block.name: poison[block.name] for block in blocks if block.name in poison}
    summary.seconds = time.monotonic() - began
    return summary


def _next(run: Run, claims: Claims, check: Callable[[], None]) -> Lease | None:
    """Take the next block, waiting for one if others may yet give theirs back; None at the end."""
    while True:
        check()
        while (name := claims.choose()) is not None:
            if (lease := claims.take(name)) is not None:
                return lease
        claims.look(time.monotonic())
        if not claims.left:
            check()
            return None
        if claims.must_wait:
            time.sleep(claims.patience())
        else:
            run.check()  # where nothing is left of a run, every block looks free


def _refuse_poison(run: Run, blocks: Sequence[Block]) -> None:
    poison = run.poison()
    for block in blocks:
        if block.name in poison and not run.results.is_finished(block.name):
            raise DataError(
                f"block {block.name} failed: {poison[block.name]}",
                path=run.where,
                remedy="Mend the cause and start again, or leave such blocks out with --on-error skip",
            )


def _attempt(run: Run, claims: Claims, lease: Lease, work: Work, summary: Summary) -> None:
    name, attempt, began = lease.block.name, lease.attempt, time.monotonic()

    def tell(event: EventName, reason: str | None = None) -> None:
        seconds = None if event in ("started", "poison") else round(time.monotonic() - began, 3)
        run.journal.append(Event(event, name, claims.worker, attempt, seconds, reason))

    try:
        tell("started")
        published, fault = _work_and_publish(run, claims, lease, work)
    except BaseException as error:
        with suppress(LandwrightError):  # on a full disk; the lease then runs out by itself
            lease.end("released", _reason(error))
            tell("released", _reason(error))
        raise
    if published:
        summary.done.append(name)
        tell("done")
        claims.clear(lease)
    elif fault is not None:
        summary.failed += 1
        tell("failed", _reason(fault))
        if claims.fail(lease, _reason(fault)):
            tell("poison", _reason(fault))
    else:
        summary.lost += 1
        tell("lost")


def _work_and_publish(run: Run, claims: Claims, lease: Lease, work: Work) -> tuple[bool, Exception | None]:
    """Compute a block: whether its files were published, and the error for which they were not."""
    name, attempt, began = lease.block.name, lease.attempt, time.monotonic()
    try:
        with heartbeat(lease, claims.terms.lease_seconds / _BEATS):
            folder = run.results.begin(name, attempt)
            if folder is None:
                return False, None
            fault = _fault(work, lease.block, folder)
            if lease.is_lost() or run.results.is_finished(name):
                return False, None
            if fault is not None:
                return False, fault
            return run.results.publish(name, attempt, _note(run, lease, time.monotonic() - began)), None
    finally:
        run.results.discard(name, attempt)


def _fault(work: Work, block: Block, folder: Path) -> Exception | None:
    """Compute a block; the error if it is the block's own, so far as one can tell, and not that of all blocks."""
    try:
        work(block, folder)
    except (UsageError, DiskFullError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            remedy = "Free space and start again; what is finished stays"
            raise DiskFullError("cannot be written: the disk is full", path=folder, remedy=remedy) from error
        return error
    return None


def _note(run: Run, lease: Lease, seconds: float) -> dict[str, object]:
    return {
        "block": lease.block.name,
        "worker": lease.worker,
        "attempt": lease.attempt,
        "seconds": round(seconds, 3),
        "bundle": run.manifest.bundle,
        "settings": run.manifest.settings_hash,
    }


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, LandwrightError) else f"{type(error).__name__}: {error}".removesuffix(": ")
