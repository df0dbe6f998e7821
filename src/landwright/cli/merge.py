"""``landwright merge``: the blocks of a run as one map."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress
from landwright.errors import LandwrightError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from landwright.maps import Products, ProductSpec
    from landwright.runs import Run


@guard
def merge(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Run directory of predict, or its address.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write one COG, .tif, and others beside it.", show_default=False),
    ] = None,
    stac: Annotated[
        bool | None,
        typer.Option(
            "--stac/--no-stac", help="Write a STAC catalogue (default: if the map has a place).", show_default=False
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave nodata where blocks are missing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Put the blocks of a run together.

    Writes RUN/map.vrt, which shows all blocks as one raster, and a STAC catalogue of them, RUN/collection.json. With
    --out all is also written as single COGs with their styles and a catalogue of their own. May be repeated.

    Example: landwright merge map.run -o map.tif
    """
    from landwright.maps.merging import load_products, missing_blocks, refuse_no_catalog
    from landwright.runs import Run
    from landwright.runs.cloud import is_address

    began = time.perf_counter()
    if is_address(run) and out is None:
        raise UsageError(
            "no virtual raster can be written in an object store", path=run, remedy="Name a single map with --out"
        )
    opened = Run.load(run if is_address(run) else Path(run))
    notes = []
    if (missing := missing_blocks(opened)) is not None:
        if not allow_missing:
            raise missing
        notes.append(f"{missing.problem}: nodata there")
    products = load_products(opened)
    targets = {} if out is None else _targets(products.products, out)
    texts = _texts(products, targets)
    if not force:
        _refuse_existing([*targets.values(), *texts])
    try:
        refuse_no_catalog(opened)
        with_stac = stac is not False
    except LandwrightError as error:
        if stac:
            raise
        with_stac = False
        if stac is None:
            notes.append(f"no STAC catalogue: {error.problem}")
    with progress(quiet=as_json) as bar:
        virtual, collections = [], []
        if not is_address(run):
            virtual = _virtual(opened, products.products)
            if with_stac:
                collections.append(_catalog(opened, Path(run), None, bar))
        if out is not None:
            _cogs(opened, targets, texts, bar)
            if with_stac:
                collections.append(_catalog(opened, out.parent, targets, bar))
    opened.tidy()
    for note in notes:
        typer.secho(f"note: {note}", fg=typer.colors.YELLOW, err=True)
    finished = len(opened.state().finished)
    payload = {
        "run": run,
        "blocks": len(opened.blocks),
        "finished": finished,
        "virtual": [str(path) for path in virtual],
        "maps": [str(path) for path in targets.values()],
        "collections": [str(path) for path in collections],
        "notes": notes,
        "seconds": time.perf_counter() - began,
    }
    files = [*targets.values(), *virtual, *collections]
    lines = [f"{run}: {finished} of {len(opened.blocks)} blocks in {payload['seconds']:.1f} s", *map(str, files)]
    emit(payload, as_json=as_json, text="\n  ".join(lines))


def _targets(products: tuple[ProductSpec, ...], out: Path) -> dict[str, Path]:
    """Name the COGs."""
    if out.suffix.lower() not in {".tif", ".tiff"}:
        remedy = f"Name the file {out.with_suffix('.tif').name}"
        raise UsageError("maps are written as GeoTIFF", path=out, remedy=remedy)
    return {product.stem: out.with_name(f"{out.stem}{product.suffix}{out.suffix}") for product in products}


def _texts(products: Products, targets: Mapping[str, Path]) -> dict[Path, str]:
    """Return what lies beside the COGs, by file: their styles, and the legend of labels."""
    from landwright.maps import LEGEND_SUFFIX, legend_yaml

    texts = {
        targets[product.stem].with_suffix(".qml"): product.style
        for product in products.products
        if product.stem in targets
    }
    if products.as_labels and products.legend is not None and targets:
        # The class map comes first.
        texts[next(iter(targets.values())).with_suffix(LEGEND_SUFFIX)] = legend_yaml(products.legend)
    return texts


def _refuse_existing(files: Iterable[Path]) -> None:
    for file in files:
        if file.exists():
            raise UsageError("is there already", path=file, remedy="Use --force or another name")


def _virtual(run: Run, products: tuple[ProductSpec, ...]) -> list[Path]:
    from landwright.maps.merging import virtual_map
    from landwright.rasters import atomic_output

    found = []
    for product in products:
        path = virtual_map(run, product, Path(run.folder) / f"map{product.suffix}.vrt")
        with atomic_output(path.with_suffix(".qml")) as style:
            style.write_text(product.style, encoding="utf-8")
        found.append(path)
    return found


def _cogs(run: Run, targets: Mapping[str, Path], texts: Mapping[Path, str], bar: Progress) -> None:
    from landwright.maps.merging import merge_maps

    task = bar.add_task(next(iter(targets.values())).name, total=None, unit="Mpx")
    merge_maps(run, targets, texts, lambda done, total: bar.update(task, completed=done / 1e6, total=total / 1e6))


def _catalog(run: Run, folder: Path, cogs: dict[str, Path] | None, bar: Progress) -> Path:
    from landwright.maps.merging import write_catalog

    task = bar.add_task("STAC", total=None, unit="items")
    return write_catalog(
        run, folder, cogs=cogs, progress=lambda done, total: bar.update(task, completed=done, total=total)
    )
