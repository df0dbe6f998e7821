"""``landwright vectorize``: polygons of the classes of a map, and buildings with their heights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress

if TYPE_CHECKING:
    from landwright.maps import VectorResult


@guard
def vectorize(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MAP",
            help="Map of class codes; a run directory; or the folder, glob or list of its blocks.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="File to write: .gpkg, .parquet, .fgb or, with --height, .city.json.",
            show_default=False,
        ),
    ],
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="Name or code of a class; give it again for more, or 'all' (default: the class named building).",
            show_default=False,
        ),
    ] = None,
    height: Annotated[
        Path | None, typer.Option("--height", help="Heights above ground in metres (nDSM), on any grid; or a run.")
    ] = None,
    ground: Annotated[
        Path | None,
        typer.Option("--ground", help="Elevations of the terrain in metres (DTM): bases (default: all are 0)."),
    ] = None,
    confidence: Annotated[
        Path | None,
        typer.Option(
            "--confidence",
            help="Raster whose mean each polygon gets (default: NAME_confidence.tif beside the map, or the run's).",
        ),
    ] = None,
    min_area: Annotated[float, typer.Option("--min-area", help="Smallest polygon kept, in square metres.")] = 10.0,
    percentile: Annotated[
        float, typer.Option("--percentile", help="Percentile of the heights inside a footprint that is its roof.")
    ] = 90.0,
    simplify: Annotated[
        float | None,
        typer.Option(
            "--simplify",
            help="How far outlines may move, in metres; 0 keeps the pixels' steps (default: 1.25 pixels). "
            "Neighbours keep one border.",
        ),
    ] = None,
    regularize: Annotated[
        bool, typer.Option("--regularize", help="Right-angled outlines, where they fit; for one class.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Write the polygons of a map; of one class with --height, as buildings with base, roof and volume.

    GeoPackage, GeoParquet and FlatGeobuf hold all polygons; CityJSON holds a closed block (LoD1) for each with a known
    height. A map may be of any size and lie in any number of blocks: the polygons are the same.

    Example: landwright vectorize map.tif --height map_height.tif -o buildings.city.json
    """
    from landwright.maps import VectorOptions, vectorize_map

    options = VectorOptions(
        category,
        min_area=min_area,
        simplify=simplify,
        regularize=regularize,
        percentile=percentile,
        confidence=True if confidence is None else confidence,
        overwrite=force,
    )
    with progress(quiet=as_json) as bar:
        task = bar.add_task(out.name, total=None, unit="Mpx")
        result = vectorize_map(
            source,
            out,
            height=height,
            ground=ground,
            options=options,
            progress=lambda done, total: bar.update(task, completed=done / 1e6, total=total / 1e6),
        )
    for note in result.notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: VectorResult) -> str:
    what = f"class {result.category} ({result.code})" if result.code is not None else f"{len(result.classes)} classes"
    lines = [
        f"{result.path}: {result.written} polygons of {what}, "
        f"{result.area:,.0f} m2, in {result.seconds:.1f} s; {result.small} smaller ones left out"
    ]
    if result.code is None:
        lines += [f"  {name}: {count}" for name, count in result.classes.items()]
    if result.regular is not None:
        lines.append(f"  right-angled: {result.regular} of {result.polygons}")
    if result.confidence is not None:
        lines.append(f"  mean confidence from {result.confidence}")
    if result.volume is not None:
        lines.append(f"  volume: {result.volume:,.0f} m3")
    for count, what in (
        (result.unknown, "without a known height"),
        (result.baseless, "without a known base"),
        (result.flat, "not above the ground"),
    ):
        if count:
            lines.append(f"  {count} of {result.polygons} {what}")
    if result.written < result.polygons:
        lines.append(f"  left out of CityJSON: {result.polygons - result.written} of {result.polygons}")
    return "\n".join(lines)
