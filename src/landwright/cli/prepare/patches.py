"""``landwright prepare patches``: published sets in patches with tags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress

if TYPE_CHECKING:
    from landwright.prepare.patches import PatchesResult


@guard
def patches(
    name: Annotated[
        str,
        typer.Argument(metavar="SET", help="isaid-atsg, potsdam-ctfa, potsdam-atsg, vaihingen-atsg or deepglobe-ctfa."),
    ],
    root: Annotated[Path, typer.Argument(help="Folder with the publisher's files, unpacked.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.", show_default=False)],
    split: Annotated[
        str,
        typer.Option(
            "--split", help="clean: no image in two parts, a part of its own for validation. paper: as published."
        ),
    ] = "clean",
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Cut iSAID, Potsdam, Vaihingen or DeepGlobe as CTFA and ATSG do: images, masks, and pairs.csv with tags.

    A run that was interrupted continues where it stopped.

    Example: landwright prepare patches potsdam-atsg Potsdam -o potsdam-256
    """
    from landwright.prepare.patches import prepare_patches

    with progress(quiet=as_json) as bar:
        task = bar.add_task("patches", total=None)
        result = prepare_patches(
            name,
            root,
            out,
            split=split,  # type: ignore[arg-type]  # checked there, with the choices in the message
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for note in result.notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: PatchesResult) -> str:
    parts = ", ".join(f"{count} {part}" for part, count in result.parts.items())
    return (
        f"{result.pairs}: {result.counts.images} patches ({parts}; {result.kept} were there), "
        f"{result.counts.mean:.2f} tags each, in {result.seconds:.1f} s"
    )
