"""Workers that are actors of Ray."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from landwright.engine.executors.crew import Ending
from landwright.engine.executors.job import Job
from landwright.engine.executors.portable import portable
from landwright.engine.executors.ray_bundle import Parcel, unpacked
from landwright.engine.executors.ray_session import import_ray
from landwright.engine.executors.ray_source import Reader, RemoteSource, enter
from landwright.runs import Block, Run, pull

_GRACE_SECONDS: Final = 15.0
"""Time in which Ray ends a process that it was told to kill."""

_READER_RESTARTS: Final = 3


@dataclass(frozen=True)
class Task:
    """What all actors have to know.

    Attributes:
        run: The run.
        job: What is to be done.
        pulling: Arguments of `pull`.
        threads: Threads of torch, as many as where the run was begun: some sums depend on it in their last bit.
        readers: Whether another process reads the rasters.
        folder: What relative paths begin at, on all machines.
    """

    run: Run
    job: Job
    pulling: dict[str, Any]
    threads: int
    readers: bool
    folder: Path


class Actors:
    """Workers that are actors.

    Those that the cluster has no room for wait until it has.

    Args:
        ray: The module, connected.
        task: What is to be done.
        parcel: The model, if it has to be sent.
        each: What Ray reserves for each.
    """

    def __init__(self, ray: Any, task: Task, parcel: Parcel | None, each: dict[str, int]) -> None:
        """Start nothing yet."""
        self._ray, self._parcel = ray, parcel
        # Once in the object store, however many take it from there: it can hold a loaded model.
        self._task = ray.put(task)
        # Ray would restart an actor, but not tell us that its block is free.
        self._actor = ray.remote(Puller).options(**each, max_restarts=0, max_task_retries=0)
        self._working: dict[Any, tuple[str, Any]] = {}

    def start(self, worker: str) -> None:
        """Start one more."""
        actor = self._actor.remote()
        self._working[actor.pull.remote(self._task, self._parcel, worker)] = worker, actor

    def wait(self, seconds: float) -> list[Ending]:
        """Return those that ended, after this time at most."""
        references = list(self._working)
        if not self._ray.wait(references, timeout=seconds)[0]:
            return []
        ended, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        return [self._ending(reference) for reference in ended]

    def stop(self) -> None:
        """Kill all."""
        for _, actor in self._working.values():
            self._ray.kill(actor)
        if self._working:
            self._ray.wait(list(self._working), num_returns=len(self._working), timeout=_GRACE_SECONDS)
        self._working.clear()

    def _ending(self, reference: Any) -> Ending:
        worker, actor = self._working.pop(reference)
        try:
            return Ending(worker, error=self._ray.get(reference))
        except self._ray.exceptions.RayTaskError as error:  # what we sent cannot be read there: another version perhaps
            return Ending(worker, error=error)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(actor)  # one that cannot be reached may live
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            return Ending(worker, death=f"{type(error).__name__}: {reason}")


class Puller:
    """A worker; an actor."""

    def pull(self, task: Task, parcel: Parcel | None, worker: str) -> Exception | None:
        """Open the job and pull blocks until nothing is left to do.

        Args:
            task: What is to be done.
            parcel: The model, if it was sent.
            worker: Name of the worker.

        Returns:
            The error that ended it, if one did.
        """
        torch.set_num_threads(task.threads)
        try:
            ray = import_ray()
            enter(task.folder)
            source = _source(ray, task, parcel) if task.readers else None
            with ExitStack() as stack:
                with unpacked(ray, parcel, task.job) as job:
                    mapper = stack.enter_context(job.open(source))
                work = mapper.work if source is None else _reading_ahead(mapper.work, source)
                pull(task.run, work, worker=worker, **task.pulling)
        except Exception as error:
            return portable(error)
        return None


def _source(ray: Any, task: Task, parcel: Parcel | None) -> RemoteSource:
    """Start a reader on this machine, which ends with this actor; it counts as part of its CPU."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    beside = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    reader = ray.remote(Reader).options(
        num_cpus=0,
        scheduling_strategy=beside,
        max_restarts=_READER_RESTARTS,
        max_task_retries=_READER_RESTARTS,
    )
    return RemoteSource(ray, reader.remote(task.job, parcel, task.folder))


def _reading_ahead(work: Callable[[Block, Path], None], source: RemoteSource) -> Callable[[Block, Path], None]:
    def working(block: Block, folder: Path) -> None:
        source.until = block.row1
        work(block, folder)

    return working
