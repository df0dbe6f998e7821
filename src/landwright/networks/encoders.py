"""Loading published weights into the encoders of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from timm.models import adapt_input_conv
from torch import Tensor, nn

from landwright.errors import DataError, UsageError

SHOWN_KEYS = 8
FILE_SUFFIXES = (".safetensors", ".npz", ".pt", ".pth", ".bin", ".ckpt")
INDEX_TABLES = ("attn_mask", "relative_position_index", "relative_coords_table")


@dataclass(frozen=True)
class EncoderPart:
    """A part of a network for which weights are published.

    Attributes:
        name: Attribute of the network.
        module: The part itself.
        unused: Prefixes of entries that a file may hold although the network does not use them.
        fetch: Gets the published weights from the hub, or None where there are none.
        prefix: What stands before a file's names in the module's own.
        convert: Turns the entries of a file into what the module takes; by default they are that already.
        scaling: Input scaling that the published weights expect, or None for a part that does not read the image.
    """

    name: str
    module: nn.Module
    unused: tuple[str, ...] = ()
    fetch: Callable[[], Mapping[str, Tensor]] | None = None
    prefix: str = ""
    convert: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = dict
    scaling: str | None = "imagenet"


@runtime_checkable
class HasEncoderParts(Protocol):
    """A network that says which of its parts have published weights; the first takes a local file."""

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the parts."""


@dataclass(frozen=True)
class EncoderReport:
    """What :func:`load_encoder_weights` did.

    Attributes:
        source: The file, hub repository, or ``hub``.
        loaded: Number of tensors copied, by part.
        ignored: Entries of the source that the network does not use.
        normalization: Input scaling that the weights expect where the source says so: ``imagenet``, ``half`` or None.
    """

    source: str
    loaded: Mapping[str, int]
    ignored: tuple[str, ...]
    normalization: str | None


def load_encoder_weights(network: nn.Module, source: str | PathLike[str]) -> EncoderReport:
    """Copy published weights into the encoder of a network.

    The weights of the first convolution are adapted to the number of bands as timm does: summed for one band,
    repeated and rescaled for more than three.

    Args:
        network: A network made by :func:`landwright.networks.create_network`.
        source: A local safetensors file in the encoder's own names (for ``clcformer``: of the CNN branch in timm's
            names; for ``rs3dada`` and ``change``: of DINOv2 in timm's names, which are the official ones; for
            ``paraformer``: of a ViT in timm's names, or the ``ViT-B_16.npz`` that Google published), a hub repository
            such as ``timm/efficientnet_b3.ra2_in1k``, or ``hub`` for the published weights of all encoder parts.

    Returns:
        What was loaded and what was left.

    Raises:
        UsageError: The network has no published encoder weights.
        DataError: The file is missing, damaged, neither a safetensors nor an npz file, or does not fit; nothing was
            changed then.
    """
    parts = network.encoder_parts() if isinstance(network, HasEncoderParts) else ()
    if not parts:
        raise UsageError(
            f"{type(network).__name__} has no encoder that could take weights, at least with these options",
            remedy="Set network.weights to none",
        )
    if source == "hub":
        found = [(part, part.fetch()) for part in parts if part.fetch is not None]
        scaling = parts[0].scaling
    else:
        state, scaling = _read(source, parts[0])
        found = [(parts[0], state)]
    fitted = [(part, *_fit(part, part.convert(state), str(source))) for part, state in found]
    for part, state, _ in fitted:
        part.module.load_state_dict(state, strict=False)
    return EncoderReport(
        source=str(source),
        loaded={part.name: len(state) for part, state, _ in fitted},
        ignored=tuple(name for _, _, names in fitted for name in names),
        normalization=scaling,
    )


def timm_weights(repository: str) -> dict[str, Tensor]:
    """Download (or take from the cache) the weights of a timm model on the Hugging Face hub.

    Args:
        repository: Such as ``timm/efficientnet_b3.ra2_in1k``.

    Returns:
        The state dict in timm's names.

    Raises:
        DataError: The repository cannot be reached or has no safetensors file.
    """
    try:
        return load_file(hf_hub_download(repository, "model.safetensors"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise DataError(
            f"the weights cannot be fetched from the hub ({type(error).__name__})",
            path=repository,
            remedy="Check the name and the connection, or give a local safetensors file",
        ) from error


def unfold_norms(network: nn.Module, image: Tensor) -> int:
    """Give batch-normalisation layers that were folded into their convolutions their statistics back.

    Weights converted for inference often carry unit scale and variance and zero mean. In training, batch statistics
    would then rescale every channel and spoil what the weights know. Here the statistics of a batch become the
    layer's running ones, and scale and shift are set so that the network's function stays the same.

    Args:
        network: A network whose encoder has just been loaded.
        image: Normalised training images (B, C, H, W).

    Returns:
        Number of layers changed; 0 if none was folded.
    """
    parts = network.encoder_parts() if isinstance(network, HasEncoderParts) else ()
    folded = [
        module
        for part in parts
        for module in part.module.modules()
        if isinstance(module, nn.BatchNorm2d) and _is_folded(module)
    ]
    if not folded:
        return 0
    moments: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        moments[module] = mean, variance

    handles = [module.register_forward_pre_hook(note) for module in folded]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(image)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    with torch.no_grad():
        for module in folded:
            mean, variance = moments[module]
            old_mean, old_variance = (_tensor(value) for value in (module.running_mean, module.running_var))
            factor = module.weight / (old_variance + module.eps).sqrt()
            module.bias.add_((mean - old_mean) * factor)
            module.weight.copy_(factor * (variance + module.eps).sqrt())
            old_mean.copy_(mean)
            old_variance.copy_(variance)
    return len(folded)


def _is_folded(module: nn.BatchNorm2d) -> bool:
    mean, variance = _tensor(module.running_mean), _tensor(module.running_var)
    unit = torch.allclose(variance, torch.ones_like(variance), atol=1e-2) and bool((module.weight == 1).all())
    return unit and not bool(mean.any()) and bool(module.bias.any())


def _tensor(value: Tensor | None) -> Tensor:
    """Narrow a buffer that batch normalisation with running statistics always has."""
    if value is None:
        raise UsageError("a batch-normalisation layer of the encoder keeps no running statistics")
    return value


def _read(source: str | PathLike[str], part: EncoderPart) -> tuple[dict[str, Tensor], str | None]:
    """Read a local safetensors or npz file or a hub repository."""
    path, text = Path(source), str(source)
    if path.is_file() and path.suffix == ".npz":
        return _read_arrays(path), part.scaling
    if path.is_file():
        try:
            return load_file(path), _scaling(path)
        except SafetensorError as error:
            raise DataError(
                "this is no safetensors file, and files that may run code are not read",
                path=path,
                remedy="Convert it with safetensors.torch.save_file",
            ) from error
    if text.startswith((".", "/")) or text.count("/") != 1 or path.suffix in FILE_SUFFIXES:
        raise DataError("the weights file does not exist", path=path, remedy="Give a safetensors file or `hub`")
    return timm_weights(text), part.scaling


def _read_arrays(path: Path) -> dict[str, Tensor]:
    """Read a numpy archive; arrays of objects, which could run code, are refused."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}
    except Exception as error:  # a damaged archive can make the reader fail in any way
        raise DataError(
            f"is not an npz file of plain arrays ({type(error).__name__})",
            path=path,
            remedy="Copy the file again from its source",
        ) from error


def _scaling(path: Path) -> str | None:
    """Read from a file's metadata which input it expects."""
    with safe_open(path, "pt") as file:
        note = (file.metadata() or {}).get("input", "")
    return "half" if "mean=std=0.5" in note else None


def _fit(part: EncoderPart, given: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Return the tensors for a part and the names that it does not use, or refuse with the differences."""
    wanted = part.module.state_dict()
    state: dict[str, Tensor] = {}
    ignored: list[str] = []
    unexpected: list[str] = []
    misshaped: list[str] = []
    for name, published in given.items():
        own, tensor = part.prefix + name, published
        if own not in wanted:
            unused = name.startswith(part.unused) or name.endswith(INDEX_TABLES)
            (ignored if unused else unexpected).append(name)
            continue
        shape = wanted[own].shape
        if tensor.ndim == 4 and tensor.shape != shape and tensor.shape[0] == shape[0] and tensor.shape[1] == 3:
            tensor = adapt_input_conv(shape[1], tensor)
        if tensor.shape != shape:
            misshaped.append(f"{name} {tuple(tensor.shape)} for {tuple(shape)}")
        state[own] = tensor
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    problems = [
        f"{label}: {_some(names)}"
        for label, names in (("missing", missing), ("unexpected", unexpected), ("other shape", misshaped))
        if names
    ]
    if problems:
        raise DataError(
            f"the weights do not fit the {part.name} encoder; {'; '.join(problems)}",
            path=source,
            remedy="Give weights of the same encoder in its own names",
        )
    return state, tuple(ignored)


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN_KEYS
    return ", ".join(names[:SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")
