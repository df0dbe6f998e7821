"""``landwright prepare link-head``: a head that finds links between patches, from images alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landwright.cli.common import band_list, emit, guard, progress


@guard
def link_head(
    images: Annotated[
        list[str],
        typer.Argument(metavar="IMAGES", help="Files, folders, globs or .txt lists.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Head to write (.safetensors).", show_default=False)],
    dino: Annotated[str, typer.Option("--dino", help="Frozen encoder: vit_base, vit_small or vit_tiny.")] = "vit_base",
    weights: Annotated[
        str, typer.Option("--weights", help="Its weights: hub, or a safetensors file in timm's names.")
    ] = "hub",
    bands: Annotated[
        str | None, typer.Option("--bands", help="The three bands to read, such as 1,2,3.", show_default=False)
    ] = None,
    steps: Annotated[int, typer.Option("--steps", help="Steps of the training.")] = 500,
    batch: Annotated[int, typer.Option("--batch", help="Crops per step.")] = 16,
    crop: Annotated[int, typer.Option("--crop", help="Side of a crop in pixels, a multiple of 16.")] = 224,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all randomness.")] = 0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Train the head that ATSG codes DINO's tokens with, for recipes with tags.link_features: dino_head.

    A run that was interrupted continues where it stopped when the same command is given again.

    Example: landwright prepare link-head images/ -o head.safetensors --weights dino.safetensors
    """
    from landwright.prepare.link_head import LinkHeadOptions, train_link_head

    options = LinkHeadOptions(
        dino=dino,
        weights=weights,
        bands=None if bands is None else tuple(band_list(bands)),
        steps=steps,
        batch=batch,
        crop=crop,
        seed=seed,
    )
    with progress(quiet=as_json) as bar:
        task = bar.add_task("steps", total=steps)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        result = train_link_head(images, out, options=options, device=device, overwrite=force, progress=advance)
    resumed = f", {result.resumed} of them before" if result.resumed else ""
    emit(
        result.to_dict(),
        as_json=as_json,
        text=f"{result.path}: {result.steps} steps{resumed} on {result.images} images, loss {result.loss:.4f}, "
        f"in {result.seconds:.0f} s",
    )
