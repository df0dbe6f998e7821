"""Blocks computed on a Ray cluster, or by Ray on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from landwright.engine.executors.crew import supervise
from landwright.engine.executors.job import Job, on_device
from landwright.engine.executors.options import ExecutorOptions
from landwright.engine.executors.outcome import Outcome, Tracker
from landwright.engine.executors.ray_actors import Actors, Task
from landwright.engine.executors.ray_bundle import pack
from landwright.engine.executors.ray_session import session
from landwright.engine.executors.stopping import stopping
from landwright.engine.protocols import Progress
from landwright.errors import UsageError
from landwright.runs import Run


def run_ray(
    run: Run,
    job: Job,
    options: ExecutorOptions | None = None,
    *,
    readers: bool | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Compute the blocks of a run by Ray actors until all are finished or set aside, by whomever.

    Each actor has a GPU of its own, or a CPU for each thread that torch has in this process; it opens the job once and
    pulls blocks from the run directory, which all machines must see under the same path, as they must see the rasters.
    A model on this machine travels to each of the others once. An actor that dies is replaced, and its block is taken
    by another at once. All actors end with this process, however it ends; the same call goes on with what is left.

    Args:
        run: The run directory.
        job: What is to be done. Of the device ``auto``, GPUs are taken if the cluster has any.
        options: How; by default as many workers as the cluster has GPUs, or room for their threads.
        readers: Whether a process beside each actor reads the rasters; by default one does where actors have GPUs.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        What came of it.

    Raises:
        UsageError: Ray is not installed, no cluster answers, it has no GPU where one is asked for, or no block can be
            computed so.
        DiskFullError: The disk is full.
        DataError: The run directory cannot be read or written; with ``fail``, a block was set aside; or actors die
            before they begin.
    """
    options = options or ExecutorOptions()
    tracker = Tracker(run, progress, share=options.shard)
    # The handler of SIGTERM comes after Ray's own.
    with session(options.address) as ray, stopping():
        resources = ray.cluster_resources()
        device = _device(job.options.device, resources)
        threads = torch.get_num_threads()
        each = {"num_cpus": threads} if device == "cpu" else {"num_cpus": 1, "num_gpus": 1}
        _check_room(ray, each["num_cpus"])
        most = resources.get("CPU", 0) // threads if device == "cpu" else resources["GPU"]
        count = options.workers or max(1, int(most))
        reads = device != "cpu" if readers is None else readers
        task = Task(run, on_device(job, device), options.pulling, threads, reads, Path.cwd())
        return supervise(run, Actors(ray, task, pack(ray, job.bundle), each), count, tracker)


def _device(device: str, resources: dict[str, float]) -> str:
    """Return the device of all actors: Ray shows each of them one GPU, as the first."""
    kind = device.partition(":")[0]
    if kind == "auto":
        return "cuda" if resources.get("GPU") else "cpu"
    if kind == "cuda" and not resources.get("GPU"):
        remedy = "Add a machine with a GPU to the cluster, or use --device cpu"
        raise UsageError("the Ray cluster has no GPU", remedy=remedy)
    return kind


def _check_room(ray: Any, cpus: int) -> None:
    """Refuse what Ray would wait for without end."""
    largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
    if largest < cpus:
        raise UsageError(
            f"a worker has {cpus} threads, and no machine of the Ray cluster as many CPUs",
            remedy=f"Set OMP_NUM_THREADS={max(1, int(largest))}, for all workers of the run",
        )
