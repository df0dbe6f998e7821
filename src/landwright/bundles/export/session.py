"""An ONNX file of ours as a model that maps: a network around onnxruntime, and the card of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from landwright.bundles.bundle import Bundle, available
from landwright.bundles.card import Card
from landwright.bundles.cardfile import parse_card
from landwright.bundles.export.library import onnx_library
from landwright.bundles.export.metadata import CARD_KEY
from landwright.bundles.export.sensor import NAMES
from landwright.bundles.weights import checksum
from landwright.errors import DataError, UsageError
from landwright.networks import Outputs

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxNetwork(nn.Module):
    """What an ONNX file says of normalised images, as a network of torch says it.

    Args:
        path: The file.
        card: Its card.

    Attributes:
        path: The file.
        precision: What it computes in, on any device: 32 bit.
    """

    precision = "32"
    scale: Tensor
    shift: Tensor

    def __init__(self, path: Path, card: Card) -> None:
        """Note the coefficients; the file is opened when the first image comes."""
        super().__init__()
        self.path = path
        self._name, self._outputs = card.name, card.outputs
        self._tile, self._bands = card.tiling.tile, len(card.bands)
        # Buffers, so that the device of the network is known.
        for name, values in zip(("scale", "shift"), card.normalization.coefficients(), strict=True):
            self.register_buffer(name, torch.from_numpy(values), persistent=False)
        self._session: Any = None
        self._provider = ""

    def forward(self, image: Tensor) -> Outputs:
        """Map images.

        Args:
            image: Normalised (B, bands, tile, tile).

        Returns:
            ``classes``: logarithms of the probabilities, whose softmax they are; ``height`` in metres.

        Raises:
            UsageError: The images have another size than the file was made for.
        """
        wanted = (self._bands, self._tile, self._tile)
        if tuple(image.shape[1:]) != wanted:
            raise UsageError(
                f"takes windows of {self._tile} x {self._tile} pixels and {self._bands} bands, not "
                f"{image.shape[-1]} x {image.shape[-2]} and {image.shape[1]}",
                path=self.path,
                remedy="Leave out --tile, --at-gsd and --tta scale, or map with the bundle",
            )
        sensor = (image.float() - self.shift) / self.scale
        names = [NAMES[output] for output in self._outputs]
        (feed,) = (entry.name for entry in self._opened(image.device).get_inputs())
        arrays = self._session.run(names, {feed: sensor.cpu().contiguous().numpy()})
        found = {name: torch.from_numpy(array).to(image.device) for name, array in zip(names, arrays, strict=True)}
        probabilities = found.get(NAMES["classes"])
        if probabilities is not None:
            probabilities = probabilities.clamp(min=torch.finfo(torch.float32).tiny).log()
        return Outputs(classes=probabilities, height=found.get(NAMES["height"]))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the session out: another process opens the file again."""
        return {**self.__dict__, "_session": None}

    def _opened(self, device: torch.device) -> Any:
        offered = onnx_library("onnxruntime").get_available_providers()
        provider = _CUDA if device.type == "cuda" and _CUDA in offered else _CPU
        if self._session is None or self._provider != provider:
            self._session, self._provider = open_session(self.path, provider), provider
        return self._session


def open_session(path: Path, provider: str = _CPU) -> Any:
    """Open an ONNX file with as many threads as torch uses.

    Args:
        path: The file.
        provider: Name of what computes, as onnxruntime calls it.

    Raises:
        UsageError: onnxruntime is not installed.
        DataError: It is not an ONNX file that onnxruntime can run.
    """
    runtime = onnx_library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(str(path), options, providers=list(dict.fromkeys((provider, _CPU))))
    except Exception as error:  # onnxruntime's errors share no public base
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"is not an ONNX file that onnxruntime can run: {reason}",
            path=path,
            remedy="Export the bundle again: landwright export BUNDLE -o FILE.onnx",
        ) from error


def load_onnx(path: str | PathLike[str], *, device: str | torch.device = "cpu") -> Bundle:
    """Load an ONNX file that ``landwright export`` wrote as a model.

    Args:
        path: The file.
        device: Device of the images; on a GPU onnxruntime's own build for GPUs computes, where it is installed.

    Returns:
        A bundle whose network runs the file. Its card is the one in the file, with the SHA-256 of the file.

    Raises:
        UsageError: onnxruntime is not installed, or this machine has no such device.
        DataError: The file is missing, damaged, or from elsewhere.
    """
    file, place = Path(path).expanduser(), available(device)
    if not file.is_file():
        raise DataError("there is no such file", path=file, remedy="Check the path")
    session = open_session(file)
    text = session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
    if text is None:
        raise DataError(
            "is an ONNX file without a card of landwright: its bands, scaling and classes are unknown",
            path=file,
            remedy="Run it in the program that it was made for, or export a bundle: landwright export BUNDLE -o "
            "FILE.onnx",
        )
    card = parse_card(text, file)
    _check(session, card, file)
    card = card.model_copy(update={"weights_sha256": checksum(file)})
    return Bundle(card, OnnxNetwork(file, card).to(place).eval(), file)


def _check(session: Any, card: Card, path: Path) -> None:
    tile, channels = card.tiling.tile, {"classes": len(card.legend), "height": 1}
    wanted = ([(len(card.bands), tile, tile)], {NAMES[name]: channels[name] for name in card.outputs})
    inputs = [tuple(entry.shape[1:]) for entry in session.get_inputs()]
    found = (inputs, {entry.name: entry.shape[1] for entry in session.get_outputs()})
    if found != wanted:
        raise DataError(
            f"holds the card of another file: that takes and returns {_shown(*wanted)}, this one {_shown(*found)}",
            path=path,
            remedy="Export the bundle again",
        )


def _shown(inputs: Sequence[tuple[Any, ...]], outputs: Mapping[str, Any]) -> str:
    taken = ", ".join(" x ".join(map(str, shape)) for shape in inputs)
    return f"{taken} and {', '.join(f'{count} of {name}' for name, count in outputs.items())}"
