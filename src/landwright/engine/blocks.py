"""Large maps: cut into blocks that are mapped one by one, by one process or many, and put together at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from landwright.bundles import Bundle
from landwright.bundles.save import MLM
from landwright.engine.counts import Counts
from landwright.engine.executors import ExecutorOptions, Outcome, local_devices, run_local
from landwright.engine.executors.rays import run_ray
from landwright.engine.mapper import TALLY, Job, MapMaker
from landwright.engine.protocols import Progress
from landwright.engine.result import ShardResult
from landwright.errors import DataError, UsageError
from landwright.maps import MapFiles
from landwright.maps.merging import MODEL, PRODUCTS, merge_maps, missing_blocks
from landwright.rasters import shown
from landwright.runs import Run, cut
from landwright.runs.leases import LEASES

Executor = Literal["local", "shards", "ray"]
EXECUTORS: tuple[str, ...] = get_args(Executor)

BLOCK = 8192
"""Side of a block in pixels: the sums of a row of windows stay below 200 MB, and recomputed halos below a seventh."""

SMALLEST_BLOCK = 64


@dataclass(frozen=True)
class RunOptions:
    """How the work on a map is divided.

    Attributes:
        executor: Who maps the blocks: ``local``: processes of this machine; ``shards``: this process and any number of
            others, started by whomever, which share the run directory; ``ray``: actors of a Ray cluster. None is
            ``local``.
        workers: Number of processes or actors.
        block: Side of a block in pixels, >= 64 (default: 8192).
        run: The run directory, or its address in an object store, such as ``s3://bucket/prefix`` (default: beside the
            map, with the suffix ``.run``).
        shard: Take only the blocks of this share (index, count); with ``shards``.
        retries: How often a block that failed is tried again before it is set aside.
        on_error: Go on without blocks that were set aside (``skip``), or stop (``fail``).
        lease_seconds: After how many seconds without a sign of life a worker is taken for dead.
        address: Address of the Ray cluster (default: one on this machine).
        forgive: Try blocks again that were set aside; always so but with ``shards``, where others may be at work.

    Raises:
        UsageError: A value is out of its range.
    """

    executor: Executor | None = None
    workers: int | None = None
    block: int | None = None
    run: Path | str | None = None
    shard: tuple[int, int] | None = None
    retries: int = 2
    on_error: Literal["skip", "fail"] = "skip"
    lease_seconds: float = 60.0
    address: str | None = None
    forgive: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.executor not in (*EXECUTORS, None):
            raise UsageError(f"executor {self.executor!r} is unknown", remedy=f"Use one of {', '.join(EXECUTORS)}")
        if self.on_error not in {"skip", "fail"}:
            raise UsageError(f"on-error {self.on_error!r} is unknown", remedy="Use skip or fail")
        if self.block is not None and self.block < SMALLEST_BLOCK:
            raise UsageError(f"blocks of {self.block} pixels are too small", remedy=f"Use {SMALLEST_BLOCK} or more")
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"{self.workers} workers cannot work", remedy="Use 1 or more")
        if self.retries < 0:
            raise UsageError(f"{self.retries} retries are not possible", remedy="Use 0 or more")
        if self.lease_seconds <= 0:
            raise UsageError(f"leases of {self.lease_seconds:g} s are not possible", remedy="Use 60, or more on NFS")
        if self.shard is not None and self.executor != "shards":
            raise UsageError("--shard is for --executor shards", remedy="Add --executor shards, or leave --shard out")
        if self.address is not None and self.executor != "ray":
            raise UsageError("--address is for --executor ray", remedy="Add --executor ray, or leave --address out")

    @property
    def shared(self) -> ExecutorOptions:
        """What concerns the workers."""
        return ExecutorOptions(
            workers=self.workers,
            shard=self.shard,
            address=self.address,
            lease_seconds=self.lease_seconds,
            retries=self.retries,
            on_error=self.on_error,
        )

    def alone(self, device: str) -> bool:
        """Return whether the blocks are mapped in this process."""
        return (self.workers or len(local_devices(device))) == 1

    @property
    def side(self) -> int:
        """Side of a block in pixels."""
        return self.block or BLOCK

    def columns(self, maker: MapMaker) -> int:
        """Return the columns of the widest block with the windows that touch it."""
        return min(maker.info.width, self.side + 2 * maker.tiling.tile)

    def divides(self, maker: MapMaker) -> bool:
        """Return whether a map is made in blocks.

        Raises:
            UsageError: It was asked for, and the image cannot be mapped in blocks.
        """
        asked = self.executor is not None or self.run is not None or (self.workers or 1) > 1 or self.block is not None
        if not maker.in_blocks:
            if asked:
                raise UsageError(
                    "images that the model sees smaller than they are cannot be mapped in blocks",
                    path=shown(maker.images[0]),
                    remedy="Leave out --executor, --workers, --block and --run; or bring the image to that size first, "
                    "with --gsd",
                )
            return False
        if self.executor is not None or self.run is not None or (self.workers or 1) > 1:
            return True
        return len(cut(maker.info.height, maker.info.width, self.side)) > 1


def run_folder(files: MapFiles, runs: RunOptions) -> Path | str:
    """Return the run directory of a map, or its address."""
    return files.codes.with_suffix(".run") if runs.run is None else runs.run


def begin(maker: MapMaker, folder: Path | str, runs: RunOptions) -> Run:
    """Begin a run or go on with it; the same whoever of its workers is the first.

    Raises:
        UsageError: The folder is that of a run with other settings.
        DataError: It holds something else, or cannot be written.
    """
    run = Run.open(folder, maker.manifest(runs.side))
    maker.join(run)
    _describe_model(run, maker.bundle)
    if runs.forgive or runs.executor != "shards":
        run.forgive()
    return run


def _describe_model(run: Run, bundle: Bundle) -> None:
    """Keep the model's STAC item with a run, for its catalogue to link to; words change what it says of classes."""
    if bundle.path is None or bundle.card.words is not None or not (bundle.path / MLM).is_file():
        return
    item = json.loads((bundle.path / MLM).read_text(encoding="utf-8"))
    for asset in item["assets"].values():
        asset["href"] = str((bundle.path / asset["href"]).resolve())
    run.store.create(MODEL, json.dumps(item).encode())


def map_in_blocks(
    job: Job,
    maker: MapMaker,
    files: MapFiles,
    texts: Mapping[Path, str],
    runs: RunOptions,
    *,
    progress: Progress | None = None,
    joining: Progress | None = None,
) -> Counts:
    """Map an image block by block and put the blocks together; the run directory is removed once the map is there.

    Args:
        job: What is mapped, and how.
        maker: The same, opened.
        files: Where the map goes.
        texts: Files to write beside it, with their content.
        runs: How the work is divided.
        progress: Called now and then with the number of finished and of all pixels.
        joining: Called likewise while the blocks are put together.

    Returns:
        What happened to the pixels.

    Raises:
        UsageError: No block can be made so.
        PartialError: Blocks were set aside; the run directory stays.
        DataError: Nothing could be mapped, or the map cannot be written.
    """
    folder = run_folder(files, runs)
    run = begin(maker, folder, runs)
    ours = not run.store.names(LEASES)
    try:
        execute(run, replace(job, run=folder), maker, runs, progress=progress)
    except UsageError:
        # No block can be made so, and a run of none would stand in the way of the settings that help.
        if ours and not run.state().finished:
            run.remove(PRODUCTS, MODEL)
        raise
    if (missing := missing_blocks(run)) is not None:
        raise missing
    counts = counted(run)
    try:
        counts.check(shown(maker.images[0]), maker.options)
    except DataError:
        # Nothing of it is of use, and it would stand in the way of the settings that help.
        run.remove(PRODUCTS, MODEL)
        raise
    stems = (spec.stem for spec in maker.products.products)
    merge_maps(run, dict(zip(stems, files.rasters, strict=True)), texts, joining)
    run.remove(PRODUCTS, MODEL)
    return counts


def map_shard(
    job: Job, maker: MapMaker, files: MapFiles, runs: RunOptions, *, progress: Progress | None = None
) -> ShardResult:
    """Map blocks of a run that other processes share, until all are finished or set aside.

    Args:
        job: What is mapped, and how.
        maker: The same, opened.
        files: Where the map goes, which names the run directory.
        runs: How the work is divided.
        progress: Called now and then with the number of finished and of all pixels.

    Raises:
        UsageError: The run directory is that of other settings.
        DataError: It cannot be read or written; with ``fail``, a block was set aside.
    """
    folder = run_folder(files, runs)
    run = begin(maker, folder, runs)
    outcome = execute(run, replace(job, run=folder), maker, runs, progress=progress)
    return ShardResult(
        run=str(folder),
        blocks=len(run.blocks),
        made=outcome.made,
        finished=outcome.finished,
        left=outcome.left,
        poison=outcome.poison,
        seconds=outcome.seconds,
        warnings=tuple(maker.remarks),
    )


def execute(run: Run, job: Job, maker: MapMaker, runs: RunOptions, *, progress: Progress | None = None) -> Outcome:
    """Have the blocks of a run mapped by whom the options say."""
    if runs.executor == "ray":
        return run_ray(run, job, runs.shared, progress=progress)
    if runs.alone(job.options.device):
        # The model is loaded here already.
        job = replace(job, bundle=maker.bundle, words=None)
    return run_local(run, job, runs.shared, progress=progress)


def counted(run: Run) -> Counts:
    """Add up what happened to the pixels of the finished blocks.

    Raises:
        DataError: A block's counts are damaged.
    """
    total = Counts()
    for name in run.state().finished:
        path = run.results.folder(name) / TALLY
        try:
            total += Counts.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                "is missing or damaged", path=path, remedy="Remove the block's folder; it is made anew"
            ) from error
    return total
