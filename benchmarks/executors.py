"""Two local processes beside two Ray actors on the same blocks.

    python benchmarks/executors.py [--side 2048] [--block 512] [--workers 2] [--repeats 3] [--readers]

Both map the same random 8-bit raster with a compact CLCFormer of random weights (windows of 256 pixels, one thread per
worker), in turns, each into a run directory of its own; one process alone maps it first. Told are medians:

- wall: the whole call, with the start of the workers and of Ray;
- start: until the first block is begun;
- work: from then until the last block is done, waiting and leases included;
- per block: wall seconds of a block, and processor seconds of its worker, which other work on the machine disturbs
  less.

The program ends with an error if the pixels of a block are not the same for all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rasterio

from landwright.engine import PredictOptions
from landwright.engine.executors import ExecutorOptions, Outcome, run_local, run_ray
from landwright.engine.mapper import Job, MapMaker
from landwright.runs import Block, Run, cut

TILE = 256
CLOCK = "processor.json"


@dataclass(frozen=True)
class TimedJob(Job):
    """A job that leaves beside each block how many processor seconds it took."""

    @contextmanager
    def open(self, source: Any = None) -> Iterator[Any]:
        with super().open(source) as maker:
            yield TimedMaker(maker)


@dataclass(frozen=True)
class TimedMaker:
    maker: MapMaker

    def work(self, block: Block, folder: Path) -> None:
        began = time.process_time()
        self.maker.work(block, folder)
        (folder / CLOCK).write_text(json.dumps(time.process_time() - began))


@dataclass(frozen=True)
class Times:
    """What a run took, in seconds."""

    wall: float
    start: float
    work: float
    block: float
    processor: float


def measure(job: TimedJob, folder: Path, block: int, execute: Callable[[Run, TimedJob], Outcome]) -> Times:
    """Map all blocks into a new run directory."""
    with job.open() as timed:
        run = Run.open(folder, timed.maker.manifest(block))
        timed.maker.join(run)
    began = datetime.now().astimezone()
    started = time.perf_counter()
    outcome = execute(run, job)
    wall = time.perf_counter() - started
    if outcome.made != len(run.blocks):
        raise RuntimeError(f"{outcome.made} of {len(run.blocks)} blocks were mapped")
    events = run.journal.read()
    begun = min(datetime.fromisoformat(str(event.time)) for event in events if event.event == "started")
    done = [event for event in events if event.event == "done"]
    ended = max(datetime.fromisoformat(str(event.time)) for event in done)
    clocks = [json.loads((run.results.folder(name) / CLOCK).read_text()) for name in run.results.finished()]
    return Times(
        wall=wall,
        start=(begun - began).total_seconds(),
        work=(ended - begun).total_seconds(),
        block=statistics.mean(event.seconds or 0.0 for event in done),
        processor=statistics.mean(clocks),
    )


def rasters(folder: Path) -> dict[str, bytes]:
    """Return the pixels of all blocks of a run."""
    found = {}
    for path in folder.glob("blocks/*/*.tif"):
        with rasterio.open(path) as file:
            found[f"{path.parent.name}/{path.name}"] = file.read().tobytes()
    return found


def prepare(folder: Path, side: int) -> TimedJob:
    """Write a raster and a model."""
    from mapping_memory import make_raster
    from mapping_speed import make_bundle

    make_raster(folder / "image.tif", side, side, 3)
    make_bundle("clcformer", {"encoder": "compact"}).save(folder / "bundle")
    options = PredictOptions(device="cpu", tile=TILE)
    return TimedJob(str(folder / "bundle"), (str(folder / "image.tif"),), options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--block", type=int, default=512)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--readers", action="store_true", help="let a process beside each actor read")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    torch.set_num_threads(1)
    several = ExecutorOptions(workers=arguments.workers)
    cases: dict[str, Callable[[Run, TimedJob], Outcome]] = {
        "1 process": lambda run, job: run_local(run, job, ExecutorOptions(workers=1)),
        f"{arguments.workers} processes": lambda run, job: run_local(run, job, several),
        f"{arguments.workers} Ray actors": lambda run, job: run_ray(run, job, several, readers=arguments.readers),
    }
    alone, *compared = cases
    order = [alone, *(name for turn in range(arguments.repeats) for name in compared[:: -1 if turn % 2 else 1])]
    found: dict[str, list[Times]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        job = prepare(folder, arguments.side)
        reference: dict[str, bytes] = {}
        for name in order:
            found[name].append(measure(job, folder / "map.run", arguments.block, cases[name]))
            made = rasters(folder / "map.run")
            reference = reference or made
            if made != reference:
                raise RuntimeError(f"{name} made other rasters than {alone}")
            shutil.rmtree(folder / "map.run")
    blocks = len(cut(arguments.side, arguments.side, arguments.block))
    print(f"{blocks} blocks of {arguments.block} x {arguments.block}, {arguments.repeats} repeats\n")
    print("| | wall, s | start, s | work, s | per block, s | per block, CPU-s |\n|---|---|---|---|---|---|")
    medians = {name: medians_of(times) for name, times in found.items()}
    for name, times in medians.items():
        print(
            f"| {name} | {times.wall:.1f} | {times.start:.1f} | {times.work:.1f} | {times.block:.2f} | "
            f"{times.processor:.2f} |"
        )
    local, ray = (medians[name] for name in compared)
    shares = {name: getattr(ray, name) / getattr(local, name) - 1 for name in ("work", "block", "processor")}
    print(f"\nRay against processes: {', '.join(f'{name} {share:+.1%}' for name, share in shares.items())}")


def medians_of(times: list[Times]) -> Times:
    """Return the medians of several runs."""
    return Times(*(statistics.median(getattr(item, name) for item in times) for name in Times.__dataclass_fields__))


if __name__ == "__main__":
    main()
