"""``landwright bench``: how fast a model maps on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli import words as word_options
from landwright.cli.common import emit, guard

if TYPE_CHECKING:
    from landwright.engine.bench import BenchResult


@guard
def bench(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Bundle folder, run folder, hub id owner/name or published model such as clip-b16.",
            show_default=False,
        ),
    ],
    size: Annotated[int, typer.Option("--size", help="Side in pixels of the raster that is mapped.")] = 4096,
    tile: Annotated[
        int | None, typer.Option("--tile", help="Side of a window in pixels (default: the model's).")
    ] = None,
    overlap: Annotated[
        float | None, typer.Option("--overlap", help="Overlap as a share of the tile (default: the model's).")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", "-b", help="Windows at a time (default: 1 on a CPU, 8 on a GPU; words: 8, 32)."),
    ] = None,
    tta: Annotated[
        str,
        typer.Option("--tta", help="Average over copies: none, flip (4 passes), d4 (8), scale (3) or flip-scale (12)."),
    ] = "none",
    words: word_options.Words = None,
    vocabulary: word_options.VocabularyName = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", help="auto (bf16 on a GPU that has it), 32, bf16 or 16.")
    ] = "auto",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the network first, as predict --compile does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable line.")] = False,
) -> None:
    """Tell how fast a model maps on this machine: pixels per second, memory, and where the time goes.

    A raster of noise with the model's bands is made in a temporary folder, mapped with all its files, and removed.

    Example: landwright bench runs/roofs --size 8192
    """
    # The engine brings torch, which is loaded only when the options are read.
    from landwright.engine import PredictOptions, WordOptions, find_model
    from landwright.engine.bench import bench as measure

    options = PredictOptions(
        tile=tile,
        overlap=overlap,
        batch=batch,
        tta=tta,  # type: ignore[arg-type]  # checked by PredictOptions, with the choices in the message
        device=device,
        precision=precision,  # type: ignore[arg-type]
        compile=compiled,
    )
    result = measure(find_model(model, WordOptions(words=words, vocabulary=vocabulary)), size=size, options=options)
    emit(result.to_dict(), as_json=as_json, text=_summary(result))


def _summary(result: BenchResult) -> str:
    where = result.device if result.device != "cpu" else f"cpu ({result.threads} threads)"
    lines = [
        f"{result.model} on {where}, precision {result.precision}{', compiled' if result.compiled else ''}: "
        f"{result.rate / 1e6:.3g} Mpx/s",
        f"  {result.size} x {result.size} pixels, {result.bands} bands, in {result.seconds:.1f} s "
        f"({result.processor_seconds:.1f} s of processor time)",
        f"  {result.windows} windows of {result.tile} pixels, {result.batch} at a time: every pixel "
        f"{result.redundancy:.2f} times",
    ]
    if result.memory is not None:
        lines.append(f"  peak memory {result.memory / 1e6:.0f} MB besides the loaded model")
    if result.device_memory is not None:
        lines.append(f"  peak memory on the GPU {result.device_memory / 1e6:.0f} MB besides the model")
    stages = {
        "read": (result.read, "beside the others, in a thread of its own"),
        "wait": (result.wait, "gathering windows and waiting for the other threads"),
        "compute": (result.compute, "the network and all around it"),
        "blend": (result.blend, "weighting and summing windows"),
        "write": (result.write, "classes, rows and finished files"),
    }
    lines += [
        f"  {name:<8} {seconds:8.2f} s {seconds / result.seconds:6.1%}  {what}"
        for name, (seconds, what) in stages.items()
    ]
    return "\n".join(lines)
