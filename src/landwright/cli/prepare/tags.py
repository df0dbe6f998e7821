"""``landwright prepare tags``: which classes the mask of each image holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress

if TYPE_CHECKING:
    from landwright.prepare.tags import TagsResult


@guard
def tags(
    masks: Annotated[
        list[str],
        typer.Option("--from-masks", help="Masks or polygons: files, globs or folders.", show_default=False),
    ],
    legend: Annotated[
        str, typer.Option("--legend", help="Their classes: a shipped legend or a .yaml file.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.", show_default=False)],
    images: Annotated[
        list[str] | None,
        typer.Option("--images", help="The images, which the file is to name; matched to the masks by name."),
    ] = None,
    min_pixels: Annotated[int, typer.Option("--min-pixels", help="Pixels that make a class a tag.")] = 1,
    min_share: Annotated[
        float, typer.Option("--min-share", help="Share of the image that it needs too, 0 to 1.")
    ] = 0.0,
    background: Annotated[
        str,
        typer.Option(
            "--background",
            help="First class, if it is never a tag: its name, or none; auto: if it is called background.",
        ),
    ] = "auto",
    field: Annotated[str | None, typer.Option("--field", help="Attribute of polygons that holds the class.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Write the classes that each image's mask holds as tags: image,tag;tag.

    Example: landwright prepare tags --from-masks masks --images images --legend openearthmap-8 -o tags.csv
    """
    from landwright.legends import load_legend
    from landwright.prepare.tags import prepare_tags

    with progress(quiet=as_json) as bar:
        task = bar.add_task("images", total=None)
        result = prepare_tags(
            masks,
            out,
            legend=load_legend(legend),
            images=images or None,
            min_pixels=min_pixels,
            min_share=min_share,
            background=background,
            field=field,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for note in result.notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: TagsResult) -> str:
    counts = result.counts
    each = ", ".join(f"{name} {count}" for name, count in zip(counts.names, counts.counts.tolist(), strict=True))
    return (
        f"{result.path}: tags of {counts.images} images, {counts.mean:.2f} for each ({each}) in {result.seconds:.1f} s"
    )
