"""``landwright data make-world``: write the synthetic world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from landwright.cli.common import emit, guard, progress


@guard
def make_world(  # noqa: PLR0913, PLR0917 - one parameter for each option
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the world.", show_default=False)],
    scenes: Annotated[int, typer.Option("--scenes", help="Number of scenes.")] = 10,
    size: Annotated[int, typer.Option("--size", help="Side of a scene in pixels.")] = 512,
    gsd: Annotated[
        float | None, typer.Option("--gsd", help="Metres per pixel (default: drawn from the family's range).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the world: the same seed gives the same files.")] = 0,
    family: Annotated[
        str,
        typer.Option(
            "--family", help="Kind of scenes: {grid|terrain}_{g005|g05|g1}_{low|mid|high} (GSD, building height)."
        ),
    ] = "grid_g05_mid",
    style: Annotated[
        str | None,
        typer.Option(
            "--style", help="edge, suburb, urban, rural, coastal, desert or mountain (default: drawn for each scene)."
        ),
    ] = None,
    nir: Annotated[bool, typer.Option("--nir", help="Add near infrared as a fourth band.")] = False,
    coarse_gsd: Annotated[float, typer.Option("--coarse-gsd", help="Metres per cell of the coarse product.")] = 20.0,
    sensor: Annotated[
        str, typer.Option("--sensor", help="Camera: default, hazy, warm, soft or film; places and labels stay.")
    ] = "default",
    off_nadir: Annotated[
        float, typer.Option("--off-nadir", help="Lean of the pictures in degrees, 0 to 40; labels lean with them.")
    ] = 0.0,
    typical: Annotated[
        bool, typer.Option("--typical", help="Draw scenes again until 10 to 90 % of their pixels are above 1 m.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; the files are the same for any number.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Write a synthetic world: images of two dates, land cover, height, building change, coarse labels and tags.

    A run that was interrupted continues where it stopped; a larger --scenes extends a world. The shares of the classes
    and the heights are printed beside those of published sets.
    """
    from landwright.world import statistics, write_world

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
            sensor=sensor,
            off_nadir=off_nadir,
            typical=typical,
            jobs=jobs,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    found = json.loads((out / "metadata.json").read_text(encoding="utf-8"))["statistics"]
    done = f"{len(names)} scenes in {out} (images in opt, land cover in gt_ss_mask; classes: openearthmap-8)"
    emit(
        {"out": str(out), "scenes": names, "classes": "openearthmap-8", "statistics": found},
        as_json=as_json,
        text=f"{done}\n\n{statistics.table(found)}",
    )
