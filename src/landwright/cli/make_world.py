"""``landwright data make-world``: write the synthetic world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landwright.cli.common import emit, guard, progress


@guard
def make_world(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the world.", show_default=False)],
    scenes: Annotated[int, typer.Option("--scenes", help="Number of scenes.")] = 10,
    size: Annotated[int, typer.Option("--size", help="Side of a scene in pixels.")] = 512,
    gsd: Annotated[
        float | None, typer.Option("--gsd", help="Metres per pixel (default: drawn from the family's range).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the world: the same seed gives the same files.")] = 0,
    family: Annotated[
        str, typer.Option("--family", help="Kind of scenes: grid_{g005|g05|g1}_{low|mid|high} (GSD, building height).")
    ] = "grid_g05_mid",
    style: Annotated[
        str | None,
        typer.Option("--style", help="edge, suburb, urban, rural, coastal or desert (default: drawn for each scene)."),
    ] = None,
    nir: Annotated[bool, typer.Option("--nir", help="Add near infrared as a fourth band.")] = False,
    coarse_gsd: Annotated[float, typer.Option("--coarse-gsd", help="Metres per cell of the coarse product.")] = 20.0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; the files are the same for any number.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Write a synthetic world: images of two dates, land cover, height, building change, coarse labels and tags.

    A run that was interrupted continues where it stopped; a larger --scenes extends a world.
    """
    from landwright.world import write_world

    with progress(quiet=as_json) as bar:
        task = bar.add_task("scenes", total=scenes)
        names = write_world(
            out,
            scenes=scenes,
            size=size,
            gsd=gsd,
            seed=seed,
            family=family,
            style=style,
            nir=nir,
            coarse_gsd=coarse_gsd,
            jobs=jobs,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    emit(
        {"out": str(out), "scenes": names, "classes": "openearthmap-8"},
        as_json=as_json,
        text=f"{len(names)} scenes in {out} (images in opt, land cover in gt_ss_mask; classes: openearthmap-8)",
    )
