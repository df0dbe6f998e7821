"""``landwright data list`` and ``landwright data get``: published data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.benchmarks import about as about_benchmark
from landwright.cli.common import emit, guard

if TYPE_CHECKING:
    from landwright.data.layouts import Layout

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@guard
def list_layouts(as_json: Json = False) -> None:
    """List the published data sets whose folders are known: those for training, and those of the evaluations."""
    from landwright.data import benchmarks, layouts

    known = [layouts.load_layout(name) for name in layouts.list_layouts()]
    scored = [benchmarks.benchmark(name) for name in benchmarks.list_benchmarks()]
    emit(
        {
            "layouts": [layout.model_dump(mode="json") for layout in known],
            "benchmarks": [entry.model_dump(mode="json", exclude={"only"}) for entry in scored],
        },
        as_json=as_json,
        text="\n".join(
            [
                *map(_about, known),
                "For `landwright evaluate --suite`, made by `landwright data prepare`:",
                *map(about_benchmark, scored),
            ]
        ),
    )


@guard
def get_layout(
    name: Annotated[str, typer.Argument(help="Data set, see `landwright data list`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the data set.")],
    as_json: Json = False,
) -> None:
    """Download a data set where that is allowed, and check that its folder is complete."""
    from landwright.data import layouts

    layout = layouts.load_layout(name)
    if layout.torchgeo is not None and layout.shortfall(layout.look(output)):
        from landwright.data.torchgeo import download

        download(layout, output)
    found = layouts.check_layout(layout, output)
    counts = found.counts()
    left = len(found.unlabelled) if layout.partial else 0
    without = f"{left} further images have no mask and are left out.\n" if left else ""
    parts = ", ".join(f"{number} {part}" for part, number in counts.items() if part != "all")
    emit(
        {"layout": name, "root": str(output), "images": counts, "legend": layout.legend, "licence": layout.licence},
        as_json=as_json,
        text=f"{output} holds {counts['all']} labelled images of {layout.title}{f' ({parts})' if parts else ''}.\n"
        f"{without}"
        f"In a recipe: classes: {layout.legend}, data: {{layout: {name}, root: {output}}}\nLicence: {layout.licence}",
    )


def _about(layout: Layout) -> str:
    size = f"{layout.gsd:g} m" if layout.gsd else "ground sampling distance varies or is not published"
    way = "can be downloaded" if layout.torchgeo else "from its publisher"
    choice = [f"scenes by {', '.join(layout.fields)} (data.where)"] if len(layout.fields) > 1 else []
    holds = f"legend {layout.legend}" if layout.masks else "no classes"
    beside = "".join(
        f", {kind}" for kind, names in (("heights", layout.heights), ("two dates", layout.before)) if names
    )
    lines = [
        f"{layout.title}: {', '.join(layout.bands)}, {size}, {holds}{beside}, {way}",
        *choice,
        f"licence: {layout.licence}",
        layout.url,
    ]
    return f"{layout.name:<20} " + f"\n{'':<21}".join(lines)
