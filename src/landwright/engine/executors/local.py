"""Blocks computed on this machine: all of a run, or the share of one of several machines."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import torch

from landwright.engine.executors.crew import supervise
from landwright.engine.executors.job import Job, on_device
from landwright.engine.executors.options import ExecutorOptions
from landwright.engine.executors.outcome import Outcome, Tracker
from landwright.engine.executors.processes import Processes
from landwright.engine.executors.stopping import stopping
from landwright.engine.protocols import Progress
from landwright.runs import Block, Run, pull


def local_devices(device: str) -> tuple[str, ...]:
    """Return what a user's choice of a device comes to on this machine: of ``auto`` and ``cuda`` all GPUs."""
    if device in ("auto", "cuda") and torch.cuda.is_available():
        return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
    return ("cpu",) if device == "auto" else (device,)


def run_local(
    run: Run,
    job: Job,
    options: ExecutorOptions | None = None,
    *,
    devices: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Compute the blocks of a run, or of a share of it, on this machine until all are finished or set aside.

    One worker computes in this process. Several are processes of their own, which end with this one however it ends; a
    worker that dies is replaced, and its block is taken by another at once. After Ctrl-C and SIGTERM blocks in work are
    given back. The result is the same for any number of workers, and of GPUs of one kind.

    Args:
        run: The run directory.
        job: What is to be done.
        options: How.
        devices: Where, in turns; by default `local_devices` of the job's.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        What came of it.

    Raises:
        UsageError: No block can be computed so.
        DiskFullError: The disk is full.
        DataError: The run directory cannot be read or written; with ``fail``, a block was set aside; or workers die
            before they begin.
    """
    options = options or ExecutorOptions()
    devices = devices or local_devices(job.options.device)
    count = options.workers or len(devices)
    tracker = Tracker(run, progress, share=options.shard)
    with stopping():
        if count > 1:
            _warn_of_threads(count, devices)
            return supervise(run, Processes(run, job, options.pulling, devices), count, tracker)
        with on_device(job, devices[0]).open() as mapper:

            def work(block: Block, folder: Path) -> None:
                mapper.work(block, folder)
                tracker.note(block.name)

            pull(run, work, **options.pulling)
        return tracker.outcome()


def _warn_of_threads(count: int, devices: Sequence[str]) -> None:
    """Say when workers are in each other's way: the number of their threads stays, since the last bits depend on it."""
    threads, cores = torch.get_num_threads(), os.cpu_count() or 1
    if count * threads > cores and "cpu" in devices and threads > 1:
        logging.getLogger("landwright").warning(
            "%d workers of %d threads each share %d cores; OMP_NUM_THREADS=%d, for all workers of the run, makes them "
            "quicker",
            *(count, threads, cores, max(1, cores // count)),
        )
