"""From a bundle to one file for other programs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from landwright.bundles.bundle import ONNX, Bundle
from landwright.bundles.card import Output
from landwright.bundles.cardfile import dump_card
from landwright.bundles.export.check import BATCHES, TOLERANCE, differences, refuse_differing, runner
from landwright.bundles.export.graph import OPSET, trace, write_onnx, write_program
from landwright.bundles.export.library import onnx_library
from landwright.bundles.export.metadata import narrowed, onnx_metadata
from landwright.bundles.export.sensor import NAMES, SensorNetwork
from landwright.bundles.export.session import OnnxNetwork
from landwright.errors import UsageError
from landwright.networks.sam3 import Sam3Network
from landwright.rasters import atomic_output

FORMATS = {ONNX: "ONNX", ".pt2": "torch.export"}
SMALLEST_TILE = 16


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes:
        path: The file.
        format: ``ONNX`` or ``torch.export``.
        opset: Version of the ONNX operators, or None.
        tile: Side of the images that it takes, in pixels.
        bands: Names of their bands.
        outputs: Names of the tensors that it returns.
        differences: Largest difference between file and bundle by name of the tensor; of heights divided by the
            largest height, where that is above 1 m.
        tolerance: Difference above which the file would not have been written.
        batches: Batch sizes that were compared.
        size: Bytes.
        seconds: How long it took.
        deepness: The file holds what the QGIS plug-in Deepness reads.
    """

    path: Path
    format: str
    opset: int | None
    tile: int
    bands: tuple[str, ...]
    outputs: tuple[str, ...]
    differences: dict[str, float]
    tolerance: float
    batches: tuple[int, ...]
    size: int
    seconds: float
    deepness: bool

    def to_dict(self) -> dict[str, Any]:
        """Return all fields for JSON."""
        return {**asdict(self), "path": str(self.path)}


def export_bundle(
    bundle: Bundle,
    path: str | PathLike[str],
    *,
    tile: int | None = None,
    outputs: Sequence[Output] | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write a model as one file that takes images in sensor units and returns probabilities and metres.

    The file is run on random tiles before it gets its name, and refused where it differs from the bundle.

    Args:
        bundle: The model; its network is moved to the CPU.
        path: File to write, ``.onnx`` or ``.pt2`` (torch.export).
        tile: Side of the images in pixels; by default the card's.
        outputs: What is returned, ``classes`` or ``height``; by default all that the model maps.
        overwrite: Replace a file that is there.

    Returns:
        What was written, and by how much it differs.

    Raises:
        UsageError: The name has another ending, is there already, an option does not fit, a package is missing, or the
            network cannot be written as a graph.
        DataError: The file differs from the bundle, or cannot be written.
    """
    started = time.perf_counter()
    target = Path(path).expanduser()
    _check_target(target, overwrite)
    chosen = _check_model(bundle, outputs)
    side = bundle.card.tiling.tile if tile is None else tile
    if side < SMALLEST_TILE:
        raise UsageError(f"tile {side} is too small", remedy=f"Use at least {SMALLEST_TILE} pixels")
    onnx = target.suffix == ONNX
    if onnx:
        for name in ("onnx", "onnxscript", "onnxruntime"):  # before minutes of work
            onnx_library(name)
    card = narrowed(bundle.card, chosen, side)
    network = SensorNetwork(bundle, chosen).to("cpu", torch.float32).eval()
    program = trace(network, len(card.bands), side)
    metadata = onnx_metadata(card)
    with atomic_output(target) as temporary:
        if onnx:
            write_onnx(program, network, temporary, metadata)
        else:
            write_program(program, temporary, dump_card(card))
        largest = differences(runner(temporary, network), network, card)
        refuse_differing(largest, target)
        size = temporary.stat().st_size
    return ExportResult(
        path=target,
        format=FORMATS[target.suffix],
        opset=OPSET if onnx else None,
        tile=side,
        bands=card.bands,
        outputs=tuple(NAMES[name] for name in chosen),
        differences={NAMES[name]: worst for name, worst in largest.items()},
        tolerance=TOLERANCE,
        batches=BATCHES,
        size=size,
        seconds=time.perf_counter() - started,
        deepness=onnx and len(metadata) > 1,
    )


def _check_target(target: Path, overwrite: bool) -> None:
    if target.suffix not in FORMATS:
        raise UsageError(
            f"ends with {target.suffix or 'nothing'}, which is no format of an exported model",
            path=target,
            remedy="Name the file .onnx, or .pt2 for torch.export",
        )
    if target.exists() and not overwrite:
        raise UsageError("is there already", path=target, remedy="Use --force (overwrite=True) or another name")


def _check_model(bundle: Bundle, outputs: Sequence[Output] | None) -> tuple[Output, ...]:
    if isinstance(bundle.network, OnnxNetwork):
        raise UsageError("is an exported file already", path=bundle.path, remedy="Export the bundle that it is from")
    if isinstance(bundle.network, Sam3Network):
        raise UsageError(
            "SAM 3 keeps as many objects as it finds in an image, which no graph of fixed shapes can",
            remedy="Map with the bundle itself: landwright predict --model BUNDLE",
        )
    own = bundle.card.outputs
    if outputs is None:
        return own
    if unknown := [name for name in outputs if name not in own]:
        raise UsageError(
            f"{bundle.card.name} does not map {unknown[0]!r}", remedy=f"It maps {' and '.join(own)}; choose among them"
        )
    if not outputs:
        raise UsageError("a file without outputs says nothing", remedy=f"Choose among {', '.join(own)}")
    return tuple(name for name in own if name in outputs)
