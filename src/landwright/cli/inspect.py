"""``landwright inspect``: what is in a raster and its labels, before anything is trained or mapped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard
from landwright.errors import DataError, PartialError, UsageError

if TYPE_CHECKING:
    from landwright.data.tags import TagCounts
    from landwright.rasters import Description


@guard
def inspect(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Rasters: files, globs, folders or .txt lists.")
    ],
    labels: Annotated[
        str | None, typer.Option(help="Labels: one for all the rasters, or one each in the same order.")
    ] = None,
    legend: Annotated[str | None, typer.Option(help="Classes of the labels: a shipped legend or a .yaml file.")] = None,
    field: Annotated[
        str | None, typer.Option(help="Attribute of polygons that holds the class; column of --tags that holds them.")
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(help="Tags of the rasters (CSV, vector file, STAC items): count these instead."),
    ] = None,
    background: Annotated[
        str, typer.Option(help="With --tags: class of the legend that is no tag, or none; auto: a first `background`.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Describe rasters: grid, bands, statistics, and labels with their histogram and alignment; or count tags."""
    if tags:
        if labels is not None or legend is None:
            raise UsageError("--tags go with --legend, and without --labels", remedy="Name the legend of the tags")
        _count(paths, tags, legend, field, background, as_json=as_json)
        return
    from landwright.legends import load_legend
    from landwright.rasters import RASTER_SUFFIXES, VECTOR_SUFFIXES, describe, expand_inputs

    if labels is None and (legend is not None or field is not None):
        raise UsageError("--legend and --field describe labels, but there are none", remedy="Add --labels")
    classes = load_legend(legend) if legend is not None else None
    rasters = expand_inputs(paths)
    masks = [] if labels is None else expand_inputs(labels, suffixes=(*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
    found: list[Description] = []
    failed: list[DataError] = []
    for raster, mask in zip(rasters, _one_each(masks, len(rasters)), strict=True):
        try:
            found.append(describe(raster, mask, classes, field=field))
        except DataError as error:
            failed.append(error)
    if not found:
        raise failed[0]
    _show(found, failed, as_json=as_json)
    if failed:
        raise PartialError(f"{len(failed)} of {len(rasters)} could not be described", remedy="See the errors above")


def _count(
    paths: list[str], tags: list[str], legend: str, field: str | None, background: str, *, as_json: bool
) -> None:
    from landwright.data.pairing import unique_names
    from landwright.data.scene import Scene
    from landwright.data.tags import background_of, read_tags, tag_counts, tagged_names
    from landwright.legends import load_legend
    from landwright.rasters import expand_inputs

    names = load_legend(legend).names
    images = expand_inputs(paths)
    scenes = [Scene(name, image, None) for name, image in zip(unique_names(images), images, strict=True)]
    found = read_tags(tags, scenes, names, field=field, background=background, complete=False)
    counts = tag_counts(found, tagged_names(names, background))
    _show_tags(counts, counts.notes(background_of(names, background)), as_json=as_json)
    if counts.without:
        # Shown, they can be found; but training refuses images without tags, so this does not end well either.
        read_tags(tags, scenes, names, field=field, background=background)


def _show_tags(counts: TagCounts, notes: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        emit({**counts.to_dict(), "notes": notes}, as_json=True)
        return
    from rich.console import Console

    from landwright.cli.tagtables import tables

    console = Console()
    for table in tables(counts, notes):
        console.print(table)


def _one_each(masks: list[Path], count: int) -> list[Path] | list[None]:
    if not masks:
        return [None] * count
    if len(masks) not in (1, count):
        raise UsageError(f"{len(masks)} label files for {count} rasters", remedy="Give one for all, or one each")
    return masks if len(masks) == count else masks * count


def _show(found: list[Description], failed: list[DataError], *, as_json: bool) -> None:
    if as_json:
        errors = [{"path": error.path, "problem": error.problem, "remedy": error.remedy} for error in failed]
        emit({"rasters": [item.model_dump(mode="json") for item in found], "errors": errors}, as_json=True)
        return
    from rich.console import Console

    from landwright.cli.description import tables

    console = Console()
    for item in found:
        for table in tables(item):
            console.print(table)
    for error in failed:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
