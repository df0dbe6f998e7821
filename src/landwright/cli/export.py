"""``landwright export``: a model as one file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import emit, guard
from landwright.errors import UsageError

if TYPE_CHECKING:
    from landwright.bundles.export import ExportResult


@guard
def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Bundle folder, run folder or hub id owner/name.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .onnx, or .pt2 for torch.export.", show_default=False)
    ],
    tile: Annotated[
        int | None, typer.Option("--tile", help="Side of the images that the file takes (default: the model's).")
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option("--outputs", help="What it returns: classes, height or both (default: all that the model maps)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Write a model as one file for other programs: values as in the raster go in, probabilities or metres come out.

    An ONNX file also opens in the QGIS plug-in Deepness, and in landwright predict --model FILE.onnx. The file is run
    on random tiles first and refused where it differs from the model.

    Example: landwright export runs/roofs -o roofs.onnx
    """
    chosen = None if outputs is None else _outputs(outputs)
    # The bundle brings torch, which is loaded only when the options are read.
    from landwright.bundles import load_bundle
    from landwright.bundles.export import export_bundle

    result = export_bundle(
        load_bundle(model),
        out,
        tile=tile,
        outputs=chosen,  # type: ignore[arg-type]  # checked there, with the model's own in the message
        overwrite=force,
    )
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _outputs(text: str) -> list[str]:
    if text == "both":
        return ["classes", "height"]
    if text not in {"classes", "height"}:
        raise UsageError(f"outputs {text!r} are unknown", remedy="Use classes, height or both")
    return [text]


def _summary(result: ExportResult) -> str:
    opset = "" if result.opset is None else f", operators of version {result.opset}"
    worst = ", ".join(f"{name} {value:.1e}" for name, value in result.differences.items())
    lines = [
        f"{result.path}: {result.format}{opset}, {result.size / 1e6:.1f} MB in {result.seconds:.1f} s",
        f"  takes {', '.join(result.bands)} as in the raster, {result.tile} x {result.tile} pixels, any batch",
        f"  returns {', '.join(result.outputs)}",
        f"  differs from the model by at most: {worst} (up to {result.tolerance:g} is allowed)",
    ]
    if result.opset is not None:
        lines.append(
            "  opens in the QGIS plug-in Deepness"
            if result.deepness
            else "  not for the QGIS plug-in Deepness, which reads one output: --outputs classes or --outputs height"
        )
    return "\n".join(lines)
