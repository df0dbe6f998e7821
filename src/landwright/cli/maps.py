"""What ``landwright predict`` does once it knows what is wanted: map after map, with progress and a summary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from landwright.cli.common import emit, progress
from landwright.errors import DataError, LandwrightError, PartialError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from landwright.bundles import Bundle
    from landwright.engine import Job, MapResult, RunOptions, ShardResult


def make_maps(jobs: Mapping[Path, Job], runs: RunOptions, *, as_json: bool) -> None:
    """Make maps, or this process's part of them, and say what came of it.

    Args:
        jobs: What is mapped and how, by the file of the map; all with one model.
        runs: How the work is divided.
        as_json: Print one machine-readable line.

    Raises:
        UsageError: An option does not fit, or a file is there already.
        DataError: The only image, or all of several, could not be mapped.
        PartialError: Some of several images, or some blocks, could not be mapped.
    """
    if runs.run is not None and len(jobs) > 1:
        raise UsageError(
            f"{len(jobs)} maps do not go into one run directory", path=runs.run, remedy="Leave --run out, or map one"
        )
    from landwright.engine import ShardResult, refuse_outputs

    bundle = next(iter(jobs.values())).load()
    for target, job in jobs.items():
        refuse_outputs(bundle, job, target, runs)
    with progress(quiet=as_json) as bar:
        results, failures = _map_all(bundle, jobs, runs, bar)
    emit(
        {
            "maps" if runs.executor != "shards" else "runs": [result.to_dict() for result in results],
            "failed": {name: str(error) for name, error in failures.items()},
        },
        as_json=as_json,
        text="\n".join(result.summary() for result in results) or None,
    )
    for result in results:
        if isinstance(result, ShardResult) and result.poison:
            raise PartialError(
                f"{len(result.poison)} blocks were set aside, such as {next(iter(result.poison))}",
                path=result.run,
                remedy="Mend the cause and start again with --forgive",
            )
    if failures:
        raise PartialError(
            f"{len(failures)} of {len(jobs)} images were not mapped: {', '.join(failures)}",
            remedy="The messages above say why; the other maps are complete",
        )


def _map_all(
    bundle: Bundle, jobs: Mapping[Path, Job], runs: RunOptions, bar: Progress
) -> tuple[list[MapResult | ShardResult], dict[str, LandwrightError]]:
    from landwright.engine import predict_job, predict_shard
    from landwright.rasters import shown

    results: list[MapResult | ShardResult] = []
    failures: dict[str, LandwrightError] = {}
    for target, job in jobs.items():
        name = str(target) if len(job.images) > 1 else shown(job.images[0])
        task = bar.add_task(Path(name).name, total=None, unit="Mpx")
        joining = bar.add_task(f"{Path(name).name}: joining blocks", total=None, visible=False, start=False, unit="Mpx")

        def advance(done: int, total: int, task: Any = task) -> None:
            bar.update(task, completed=done / 1e6, total=total / 1e6)

        def join(done: int, total: int, task: Any = joining) -> None:
            bar.start_task(task)
            bar.update(task, completed=done / 1e6, total=total / 1e6, visible=True)

        result: MapResult | ShardResult
        try:
            if runs.executor == "shards":
                result = predict_shard(job, target, bundle=bundle, runs=runs, progress=advance)
            else:
                result = predict_job(job, target, bundle=bundle, runs=runs, progress=advance, joining=join)
        except (DataError, PartialError) as error:
            # A single map fails as it is; of several, the others still have their turn.
            if len(jobs) == 1:
                raise
            bar.remove_task(task)
            bar.remove_task(joining)
            failures[name] = error
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
            continue
        for warning in result.warnings:
            typer.secho(f"warning: {shown(job.images[0])}: {warning}", fg=typer.colors.YELLOW, err=True)
        results.append(result)
    if not results:
        raise DataError(f"none of the {len(jobs)} images could be mapped", remedy="The messages above say why")
    return results, failures
