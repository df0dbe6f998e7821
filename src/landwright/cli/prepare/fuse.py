"""``landwright prepare fuse``: label products into one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard, progress

if TYPE_CHECKING:
    from landwright.prepare import FuseResult


@guard
def fuse(
    products: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE=CROSSWALK",
            help="Label products, at least two, each with the crosswalk (shipped, or a .yaml file) from its classes to "
            "those of --classes; FILE alone where it has these classes already.",
            show_default=False,
        ),
    ],
    classes: Annotated[
        str,
        typer.Option(
            "--classes", help="Classes of the labels to make: a shipped legend or a .yaml file.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Labels to write (.tif).", show_default=False)],
    k: Annotated[
        int | None, typer.Option("--k", help="Products that must agree on a label; all of them where left out.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", help="Raster whose grid the labels take, such as the image; else the first FILE."),
    ] = None,
    agreement: Annotated[
        Path | None, typer.Option("--agreement", help="Votes to write (.tif); NAME_agreement.tif where left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Fuse label products: a pixel gets the class that at least k of them agree on, and more than on any other.

    Every product votes for the class, or the classes, that its crosswalk gives; the other pixels are nodata. Products
    on another grid are warped (nearest). Beside the labels goes a raster of the votes, 0 to n.

    Example: landwright prepare fuse esa.tif=esa-worldcover-to-sinolc-1 esri.tif=esri-lulc-to-sinolc-1
    from.tif=from-glc10-to-sinolc-1 --classes sinolc-1 --k 2 --like image.tif -o labels.tif
    """
    from landwright.legends import load_legend
    from landwright.prepare import fuse_products, parse_product

    legend = load_legend(classes)
    chosen = [parse_product(product, legend) for product in products]
    with progress(quiet=as_json) as bar:
        task = bar.add_task(out.name, total=None, unit="Mpx")
        result = fuse_products(
            chosen,
            legend,
            out,
            k=k,
            like=like,
            agreement=agreement,
            overwrite=force,
            progress=lambda done, total: bar.update(task, completed=done / 1e6, total=total / 1e6),
        )
    for product in result.products:
        for note in product.notes:
            typer.secho(f"note: {product.path}: {note}", fg=typer.colors.YELLOW, err=True)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: FuseResult) -> str:
    pixels = result.width * result.height
    width = max(map(len, result.legend.names)) + 2
    votes = [f"{number} on {count / pixels:.1%}" for number, count in enumerate(result.votes) if count]
    lines = [
        f"{result.path}: {result.width} x {result.height} pixels of {result.legend.name}, {result.labelled:.1%} "
        f"of them labelled, in {result.seconds:.1f} s",
        *(f"  {name:<{width}}{share:7.1%} of the labelled" for name, share in result.shares.items() if share),
        f"  agreement: {result.agreement}; votes of the leading class: {', '.join(votes)}",
        *(
            f"  {product.path}: labels on {product.labelled:.1%} of the pixels"
            f"{', warped' if product.aligned == 'warped' else ''}"
            for product in result.products
        ),
        f"  QGIS styles: {', '.join(map(str, result.styles))}",
    ]
    return "\n".join(lines)
