"""``landwright prepare segments``: objects and boundaries in images, by SAM or without weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landwright.cli.common import band_list, emit, guard, progress
from landwright.errors import UsageError

if TYPE_CHECKING:
    from landwright.prepare.segments import SegmentsResult


@guard
def segments(
    images: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE", help="Images: files, folders, globs or .txt lists.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.", show_default=False)],
    provider: Annotated[
        str,
        typer.Option("--provider", help="felzenszwalb or slic, which need no weights, or sam (Segment Anything)."),
    ] = "felzenszwalb",
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            help="SAM or SAM 2: a folder or hub repository, or MobileSAM's file (default: facebook/sam-vit-huge).",
            show_default=False,
        ),
    ] = None,
    points_per_side: Annotated[
        int | None,
        typer.Option(
            "--points-per-side", help="Points that SAM is asked for along each side (default: 32 on a GPU, else 8)."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", help="Images at a time (default: one per core; SAM takes one).")
    ] = None,
    bands: Annotated[
        str | None, typer.Option("--bands", help="One or three bands, numbers or names: 4,3,2 (default: 1,2,3).")
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option("--scale", help="Multiply values by this first, such as 0.00389 for 16 bit to 0..255."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another setting of the provider, as scale=300 or most=none."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="Where SAM runs: auto, cpu, cuda or cuda:N.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Find objects and boundaries in images, once, for `regime: tags` with `segments: FOLDER`.

    Images are known by their content: what is there is kept, an image that was changed is made again, and a run that
    was interrupted continues. Nothing is sent anywhere; SAM's weights are those that are named, or in the hub's cache.

    A recipe that names a provider instead of a folder needs no such run: `landwright train` makes the segments first
    and keeps them in ~/.cache/landwright/segments, or in the folder that LANDWRIGHT_SEGMENTS names.

    Example: landwright prepare segments images/ -o segments/ --provider sam --weights mobile_sam.pt
    """
    from landwright.prepare.segments import make_segments
    from landwright.rasters import expand_inputs

    params = _settings(settings or [])
    given = {
        "bands": None if bands is None else band_list(bands),
        "value_scale": scale,
        "weights": weights,
        "points_per_side": points_per_side,
    }
    params |= {name: value for name, value in given.items() if value is not None}
    sources = expand_inputs(images)
    with progress(quiet=as_json) as bar:
        task = bar.add_task("images", total=len(sources))
        result = make_segments(
            sources,
            out,
            provider,
            params,
            jobs=jobs,
            device=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _settings(pairs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"setting {pair!r} is not of the form key=value", remedy="Use --set scale=300")
        found[name.strip()] = None if value.strip().lower() in ("none", "null") else value.strip()
    return found


def _summary(result: SegmentsResult) -> str:
    return (
        f"{result.path}: segments of {result.images} images by {result.provider} ({result.kept} were there), "
        f"{result.objects:.0f} objects an image, {result.boundary:.0%} of the pixels on a boundary, "
        f"in {result.seconds:.1f} s"
    )
