"""From a module to a graph that needs no Python: torch.export, and ONNX from it."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from landwright.bundles.export.library import onnx_library
from landwright.bundles.export.metadata import CARD_KEY
from landwright.bundles.export.sensor import NAMES, SensorNetwork
from landwright.errors import UsageError

OPSET = 18
"""Version of the ONNX operators: the first with antialiased resizing."""
INPUT = "image"
MOST_BYTES = 2**31 - 2**20
"""An ONNX file is one protocol buffer, which ends at 2 GiB; the rest is for the graph."""

_TRACED = 2
"""A batch of one would be taken for a constant."""
_LOUD = ("torch", "onnxscript", "onnx_ir")


def trace(network: SensorNetwork, bands: int, tile: int) -> ExportedProgram:
    """Follow a network through one batch.

    Args:
        network: The network with its surroundings, on the CPU, in eval mode.
        bands: Number of input bands.
        tile: Side of the images in pixels.

    Returns:
        A graph for batches of any size.

    Raises:
        UsageError: What the network does depends on the pixels or on the size of the batch.
    """
    image = torch.zeros(_TRACED, bands, tile, tile)
    try:
        with _quietly(), torch.no_grad():
            return torch.export.export(network, (image,), dynamic_shapes=({0: Dim("batch")},))
    except Exception as error:  # torch.export names no type for what it cannot follow
        raise _refused(network, error) from error


def write_program(program: ExportedProgram, path: Path, card: str) -> None:
    """Write a graph as torch.export does.

    Args:
        program: The graph.
        path: File to write.
        card: YAML of the card, kept as the extra file :data:`metadata.CARD_KEY`.
    """
    with _quietly():
        torch.export.save(program, path, extra_files={CARD_KEY: card})


def load_program(path: Path) -> torch.nn.Module:
    """Read a graph that :func:`write_program` wrote."""
    with _quietly():
        return torch.export.load(path).module()


def write_onnx(program: ExportedProgram, network: SensorNetwork, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a graph as one ONNX file.

    Args:
        program: The graph.
        network: What it was made from.
        path: File to write.
        metadata: Entries of the file's metadata.

    Raises:
        UsageError: An operation has no counterpart in ONNX, or the weights are too large.
    """
    outputs = [NAMES[name] for name in network.outputs]
    try:
        with _quietly(), torch.no_grad():
            made = torch.onnx.export(
                program, opset_version=OPSET, input_names=[INPUT], output_names=outputs, dynamo=True, verbose=False
            )
    except Exception as error:  # nor does torch.onnx
        raise _refused(network, error) from error
    assert made is not None  # only where a file is named
    size = sum(_bytes(value.const_value) for value in made.model.graph.initializers.values())
    if size > MOST_BYTES:
        raise UsageError(
            f"the weights take {size / 2**30:.1f} GiB, and an ONNX file holds {MOST_BYTES / 2**30:.0f} GiB at most",
            remedy="Write a .pt2 file, which has no such limit",
        )
    made.model.metadata_props.update(metadata)
    # Not its own save(), which puts the larger weights into a second file.
    onnx_library("onnx").save_model(made.model_proto, path)


def _bytes(tensor: Any) -> int:
    return 0 if tensor is None else int(tensor.nbytes)


def _refused(network: SensorNetwork, error: Exception) -> UsageError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    name = type(network.network).__name__
    return UsageError(
        f"the network {name} cannot be written as a graph: {reason}",
        remedy="Map with the bundle itself: landwright predict --model BUNDLE",
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep to ourselves what torch tells developers about its own tracing."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        # Of a network that it cannot follow torch prints the graph so far.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
