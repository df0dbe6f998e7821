"""Tables that show the description of a raster to a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from landwright.rasters.description import Description, LabelDescription

_BAR = 24


def tables(item: Description) -> Iterator[RenderableType]:
    """The raster's name, its grid, its bands, its labels and the notes on both, one renderable each."""
    yield Text(item.path, style="bold")
    yield _grid(item)
    yield _bands(item)
    if item.labels is not None:
        yield _label_facts(item.labels)
        if item.labels.classes or item.labels.unknown:
            yield _histogram(item.labels)
    for note in item.notes:
        yield Text(f"  note: {note}", style="yellow")
    for note in item.labels.notes if item.labels else ():
        yield Text(f"  note on the labels: {note}", style="yellow")
    yield Text()


def _facts() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=9)
    table.add_column(overflow="fold")
    return table


def _grid(item: Description) -> Table:
    table = _facts()
    table.add_row(
        "  size", f"{item.width} x {item.height} px, {item.dtype}, {len(item.bands)} band{'s' * (len(item.bands) > 1)}"
    )
    table.add_row("  CRS", item.crs or "none")
    if item.gsd is not None and item.bounds is not None:
        left, bottom, right, top = item.bounds
        table.add_row("  pixel", f"{item.gsd:.4g} m on the ground")
        table.add_row("  bounds", f"{left:.10g} {bottom:.10g} {right:.10g} {top:.10g}")
    nodata = "not declared" if item.nodata is None else f"{item.nodata}"
    table.add_row("  nodata", f"{nodata}; {item.nodata_share:.2%} of {item.sampled} sampled px cannot be used")
    overviews = ", ".join(map(str, item.overviews)) or "none"
    table.add_row(
        "  stored",
        f"{item.driver}, {item.compression or 'not compressed'}, "
        f"blocks of {item.block[0]} x {item.block[1]}, overviews: {overviews}",
    )
    return table


def _bands(item: Description) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for name in ("band", "min", "2 %", "median", "98 %", "max", "mean", "std"):
        table.add_column(name, justify="right")
    for band in item.bands:
        name = f"{band.number} {band.description}" if band.description else f"{band.number}"
        values = (band.minimum, *(band.percentiles.get(at) for at in (2, 50, 98)), band.maximum, band.mean, band.std)
        table.add_row(name, *("-" if value is None else f"{value:.5g}" for value in values))
    return table


def _label_facts(labels: LabelDescription) -> Table:
    table = _facts()
    table.add_row("  labels", labels.path)
    aligned = {
        "exact": "on the image's own grid",
        "warped": "on another grid, warped to the image's (nearest)",
        "burnt": f"{labels.polygons} polygons, burnt onto the image's grid",
    }[labels.aligned]
    table.add_row("  aligned", aligned)
    if labels.crs is not None:
        table.add_row("  CRS", labels.crs)
    if labels.gsd is not None:
        table.add_row("  pixel", f"{labels.gsd:.4g} m on the ground")
    if labels.overlap is not None:
        table.add_row("  covers", f"{labels.overlap:.1%} of the image")
    if labels.ignored is not None:
        table.add_row("  ignored", f"{labels.ignored:.2%} of the sample has no usable label")
    return table


def _histogram(labels: LabelDescription) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    table.add_column("code", justify="right")
    table.add_column(f"class of {labels.legend}" if labels.legend else "class")
    table.add_column("pixels", justify="right")
    table.add_column("share", justify="right")
    table.add_column("")
    total = max(1, sum(labels.unknown.values()))
    for entry in labels.classes:
        bar = Text("█" * round(entry.share * _BAR), style="rgb({},{},{})".format(*entry.colour))
        table.add_row(f"{entry.code}", entry.name, f"{entry.pixels}", f"{entry.share:.1%}", bar)
    for code, pixels in labels.unknown.items():
        name = Text("not in the legend", style="bold red") if labels.legend else Text("-")
        share = "" if labels.legend else f"{pixels / total:.1%}"
        table.add_row(code, name, f"{pixels}", share, "")
    return table
