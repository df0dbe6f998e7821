"""``landwright data prepare`` and ``landwright data check``: the sets of the published evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress
from landwright.errors import DataError

if TYPE_CHECKING:
    from landwright.data.benchmarks import Benchmark, Findings

Name = Annotated[str, typer.Argument(help="Benchmark set, see `landwright data list`.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@guard
def prepare_set(
    name: Name,
    source: Annotated[
        Path, typer.Option("--from", help="Folder with the publisher's files, unpacked.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of all sets; this one gets its own there.", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Bring a benchmark set into the folders, names and values that the published evaluations expect.

    Images keep their pixels; labels are one band of class values. A run that was interrupted continues where it
    stopped.

    Example: landwright data prepare potsdam --from downloads/Potsdam -o benchmarks
    """
    from landwright.prepare.benchmarks import prepare_benchmark

    with progress(quiet=as_json) as bar:
        task = bar.add_task(name, total=None, unit="images")
        result = prepare_benchmark(
            name, source, output, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    for note in result.notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    emit(
        result.to_dict(),
        as_json=as_json,
        text=f"{result.path}: {result.pairs} images with labels ({result.kept} were there) in {result.seconds:.1f} s\n"
        f"Look through them with: landwright data check {name} --root {output}",
    )


@guard
def check_set(
    name: Name,
    root: Annotated[Path, typer.Option("--root", help="Folder of all sets.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Look through a prepared set for what corrupts scores: wrong values, palettes, JPEG labels, grey images.

    Problems make the exit code 3; warnings do not.

    Example: landwright data check isaid --root benchmarks
    """
    from landwright.data.benchmarks import benchmark

    chosen = benchmark(name)
    with progress(quiet=as_json) as bar:
        task = bar.add_task(name, total=None, unit="images")
        found = chosen.check(root, progress=lambda done, total: bar.update(task, completed=done, total=total))
    for warning in found.warnings:
        typer.secho(f"warning: {warning}", fg=typer.colors.YELLOW, err=True)
    emit(found.to_dict(), as_json=as_json, text=_histogram(chosen, found))
    if found.problems:
        raise DataError(
            "; ".join(found.problems),
            path=root,
            remedy=f"Make the set anew from the published files with `landwright data prepare {name}`",
        )


def about(chosen: Benchmark) -> str:
    """Describe a set in three lines."""
    number = "" if chosen.expected is None else f", {chosen.expected} images"
    lines = [f"{chosen.title}: {chosen.classes} classes{number}", f"licence: {chosen.licence}", chosen.url]
    return f"{chosen.name:<20} " + f"\n{'':<21}".join(lines)


def _histogram(chosen: Benchmark, found: Findings) -> str:
    width = max(map(len, found.names)) + 2
    of = "" if found.expected is None else f" of {found.expected}"
    return "\n".join(
        [
            f"{chosen.title}: {found.pairs}{of} images with labels, {found.ignored_share:.1%} of the pixels ignored",
            *(f"  {name:<{width}}{share:7.2%}" for name, share in zip(found.names, found.shares, strict=True)),
        ]
    )
