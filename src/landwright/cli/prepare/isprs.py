"""``landwright prepare isprs``: the ISPRS sets as slices with heights above ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress

if TYPE_CHECKING:
    from landwright.prepare import IsprsResult


@guard
def isprs(
    root: Annotated[Path, typer.Argument(help="Folder of the set: images, surface models and masks as published.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.", show_default=False)],
    name: Annotated[str, typer.Option("--set", help="potsdam or vaihingen.", show_default=False)],
    size: Annotated[int, typer.Option("--size", help="Side of a slice in pixels.")] = 512,
    paper: Annotated[
        bool,
        typer.Option(
            "--paper",
            help="As SynRS3D published it: slices leave out the last pixels of a tile, unknown colours are impervious "
            "surface, unknown heights are 0.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Cut Potsdam or Vaihingen into slices in SynRS3D's folders: opt, gt_nDSM, gt_ss_mask, train.txt, test.txt.

    Heights above ground are made of whole tiles, before they are cut. A run that was interrupted continues where it
    stopped.

    Example: landwright prepare isprs Potsdam -o potsdam-slices --set potsdam
    """
    from landwright.prepare import prepare_isprs

    with progress(quiet=as_json) as bar:
        task = bar.add_task("slices", total=None)
        result = prepare_isprs(
            root,
            out,
            name=name,  # type: ignore[arg-type]  # checked there, with the choices in the message
            size=size,
            paper=paper,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for note in result.notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: IsprsResult) -> str:
    slices = result.train + result.test
    return (
        f"{result.path}: {slices} slices of {result.tiles} tiles ({result.train} train, {result.test} test; "
        f"{result.kept} were there) in {result.seconds:.1f} s; classes: isprs-6"
    )
