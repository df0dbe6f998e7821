"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import torch

from landwright.engine.executors.crew import Ending
from landwright.engine.executors.job import Job, on_device
from landwright.engine.executors.portable import portable
from landwright.engine.executors.stopping import leave
from landwright.runs import Run, pull

START: Final = "spawn"
"""How processes start: forked ones could use no GPU, and would share the files that GDAL has open."""

_GRACE_SECONDS: Final = 15.0
"""Time that a worker has to give its block back."""


class Processes:
    """Workers that are processes, each with a device of its own as long as there are enough.

    All have as many threads as this process, however many they are: some sums of torch depend on it in their last bit.

    Args:
        run: The run.
        job: What is to be done.
        pulling: Arguments of `pull`.
        devices: Where, in turns.
    """

    def __init__(self, run: Run, job: Job, pulling: dict[str, Any], devices: Sequence[str]) -> None:
        """Start nothing yet."""
        self._run, self._job, self._pulling = run, job, pulling
        self._devices = devices
        self._working: dict[str, tuple[BaseProcess, Connection, str]] = {}

    def start(self, worker: str) -> None:
        """Start one more, on the device that has the fewest."""
        taken = [device for _, _, device in self._working.values()]
        device = min(self._devices, key=taken.count)
        context: Any = multiprocessing.get_context(START)
        ours, theirs = context.Pipe(duplex=False)
        task = self._run, on_device(self._job, device), self._pulling
        arguments = (theirs, *task, worker, torch.get_num_threads(), Path.cwd())
        process = context.Process(target=work, args=arguments, name=f"landwright {worker}", daemon=True)
        process.start()
        theirs.close()  # so that its end is seen
        self._working[worker] = process, ours, device

    def wait(self, seconds: float) -> list[Ending]:
        """Return those that ended, after this time at most."""
        watched = [item for process, ours, _ in self._working.values() for item in (process.sentinel, ours)]
        ready = set(wait(watched, seconds))
        found = []
        for worker, (process, ours, _) in list(self._working.items()):
            if ours in ready or process.sentinel in ready:
                del self._working[worker]
                found.append(_ending(worker, process, ours))
        return found

    def stop(self) -> None:
        """Ask all to give back what they have, and kill those that do not."""
        processes = [process for process, _, _ in self._working.values()]
        for process in processes:
            process.terminate()
        patience = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            process.join(max(0.0, patience - time.monotonic()))
            process.kill()
            process.join()
        for _, ours, _ in self._working.values():
            ours.close()
        self._working.clear()


def _ending(worker: str, process: BaseProcess, ours: Connection) -> Ending:
    try:
        if ours.poll():
            return Ending(worker, error=ours.recv())
    except (EOFError, OSError):  # it was killed, perhaps over its last words
        pass
    finally:
        ours.close()
        process.join(_GRACE_SECONDS)  # it has nothing left to do, or is dead
    code = process.exitcode
    how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
    return Ending(worker, death=f"its process ended with {how}")


def work(
    told: Connection, run: Run, job: Job, pulling: dict[str, Any], worker: str, threads: int, folder: Path
) -> None:
    """Pull blocks in a process of its own.

    Args:
        told: Takes the error, or None when nothing is left to do.
        run: The run.
        job: What is to be done.
        pulling: Arguments of `pull`.
        worker: Name of the worker.
        threads: Threads of torch.
        folder: What relative paths begin at; processes may start elsewhere.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    signal.signal(signal.SIGTERM, leave)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    torch.set_num_threads(threads)
    try:
        os.chdir(folder)
        with job.open() as mapper:
            pull(run, mapper.work, worker=worker, **pulling)
    except Exception as error:
        told.send(portable(error))
    else:
        told.send(None)


def _end_with_parent() -> None:
    """Give the block back and leave when the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
