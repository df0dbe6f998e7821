"""``landwright prepare ndsm``: heights above ground from surface models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landwright.cli.common import emit, guard, progress
from landwright.errors import DataError, LandwrightError, PartialError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from landwright.prepare import NdsmOptions, NdsmResult

_SUFFIXES = (".tif", ".tiff")


@guard
def ndsm(
    surfaces: Annotated[
        list[str],
        typer.Argument(metavar="DSM", help="Surface models: files, folders, globs or .txt lists.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Heights to write (.tif); a folder for several models.", show_default=False),
    ],
    dtm: Annotated[
        str | None,
        typer.Option("--dtm", help="Terrain model to subtract, on any grid; else the ground is found in the DSM."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="What the models count in: metres, feet or us-feet; else what the files say."),
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option("--radius", help="Half the width in metres of the widest building (default: 80.5)."),
    ] = None,
    fill: Annotated[
        float | None,
        typer.Option("--fill", help="Fill holes of the DTM from up to so many metres away; else they stay nodata."),
    ] = None,
    min_height: Annotated[float, typer.Option("--min-height", help="Metres; what is lower becomes 0.")] = 0.0,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Make heights above ground (nDSM, in metres) from surface models (DSM), a whole tile at a time.

    In a folder, files that are there and were made in the same way are kept: a run that was interrupted continues.

    Example: landwright prepare ndsm dsm/ --dtm dtm.vrt -o ndsm/
    """
    from landwright.prepare import NdsmOptions, made_already
    from landwright.rasters import expand_inputs

    sources = expand_inputs(surfaces)
    options = NdsmOptions(
        dtm=dtm,
        unit=unit,  # type: ignore[arg-type]  # checked there, with the choices in the message
        radius=radius,
        fill=fill,
        min_height=min_height,
    )
    into_folder = len(sources) > 1 or not out.suffix or out.is_dir()
    targets = _targets(sources, out) if into_folder else [out]
    kept = [
        target
        for source, target in zip(sources, targets, strict=True)
        if into_folder and not force and made_already(source, target, options)
    ]
    todo = [(source, target) for source, target in zip(sources, targets, strict=True) if target not in kept]
    with progress(quiet=as_json) as bar:
        results, failures = _make_all(todo, options, bar, kept=len(kept), overwrite=force)
    emit(
        {
            "heights": [result.to_dict() for result in results],
            "kept": list(map(str, kept)),
            "failed": {str(source): str(error) for source, error in failures.items()},
        },
        as_json=as_json,
        text="\n".join([*map(_summary, results), *(f"{target}: kept" for target in kept)]),
    )
    if failures:
        raise PartialError(
            f"{len(failures)} of {len(sources)} models gave no heights: {', '.join(map(str, failures))}",
            remedy="The messages above say why; the other files are complete",
        )


def _make_all(
    todo: list[tuple[Path, Path]], options: NdsmOptions, bar: Progress, *, kept: int, overwrite: bool
) -> tuple[list[NdsmResult], dict[Path, LandwrightError]]:
    from landwright.prepare import ndsm as make

    results: list[NdsmResult] = []
    failures: dict[Path, LandwrightError] = {}
    several = len(todo) + kept > 1
    files = bar.add_task("files", total=len(todo) + kept, completed=kept, visible=several)
    for source, target in todo:
        task = bar.add_task(source.name, total=None, unit="Mpx")

        def advance(done: int, total: int, task: Any = task) -> None:
            bar.update(task, completed=done / 1e6, total=total / 1e6)

        try:
            result = make(source, target, options=options, overwrite=overwrite, progress=advance)
        except DataError as error:
            # A single model fails as it is; of several, the others still have their turn.
            if not several:
                raise
            failures[source] = error
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        else:
            results.append(result)
            for note in result.notes:
                typer.secho(f"note: {source}: {note}", fg=typer.colors.YELLOW, err=True)
        if several:
            bar.remove_task(task)
        bar.advance(files)
    if failures and not results and not kept:
        raise DataError(f"none of the {len(todo)} models gave heights", remedy="The messages above say why")
    return results, failures


def _targets(sources: list[Path], out: Path) -> list[Path]:
    """Name the file of each model in a folder."""
    if out.is_file() or out.suffix.lower() in _SUFFIXES:
        raise UsageError(
            f"{len(sources)} models do not go into one file", path=out, remedy="Name a folder with --out, not a file"
        )
    targets = [out / f"{source.stem}.tif" for source in sources]
    if twice := sorted({target.name for target in targets if targets.count(target) > 1}):
        raise UsageError(
            f"several models would be written to {', '.join(twice)}", path=out, remedy="Use separate folders"
        )
    return targets


def _summary(result: NdsmResult) -> str:
    return (
        f"{result.path}: {result.width} x {result.height} pixels ({result.known:.1%} known), mean {result.mean:.2f} m, "
        f"highest {result.highest:.1f} m, {result.raised:.1%} above 1 m, in {result.seconds:.1f} s ({result.method})"
    )
