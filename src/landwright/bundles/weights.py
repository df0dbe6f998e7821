"""Weights in safetensors files: written whole, read strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from landwright.bundles.errors import Misshaped, StateMismatchError
from landwright.errors import DataError


def write_weights(path: Path, network: nn.Module) -> str:
    """Write the state dict of a network.

    Args:
        path: File to write.
        network: Network on any device. Tensors that share memory are written once per name.

    Returns:
        SHA-256 of the file, hexadecimal.
    """
    state = {
        name: tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format)
        for name, tensor in network.state_dict().items()
    }
    save_file(state, path, metadata={"format": "pt"})
    return checksum(path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        DataError: The file is missing, unreadable or damaged.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"is not a readable safetensors file ({error})", path=path, remedy="Copy the file again from its source"
        ) from error


def fill(
    network: nn.Module,
    state: Mapping[str, Tensor],
    *,
    name: str,
    path: Path,
    remedy: str,
    own: Callable[[str], str] = str,
    theirs: Mapping[str, str] | None = None,
) -> None:
    """Load a state dict into a network, strictly.

    Args:
        network: Network to fill.
        state: Tensors by the network's own names.
        name: Registry name, for the message.
        path: File that the tensors come from, for the message.
        remedy: What the user can do when they do not fit.
        own: Gives the name by which the message calls a key that is missing.
        theirs: Names by which the message calls keys that are there; by default the network's own.

    Raises:
        StateMismatchError: Keys are missing, unexpected or mis-shaped; the message lists them.
    """
    theirs = theirs or {}
    wanted = network.state_dict()
    missing = [own(key) for key in wanted if key not in state]
    unexpected = [theirs.get(key, key) for key in state if key not in wanted]
    misshaped = [
        Misshaped(theirs.get(key, key), tuple(tensor.shape), tuple(state[key].shape))
        for key, tensor in wanted.items()
        if key in state and state[key].shape != tensor.shape
    ]
    if missing or unexpected or misshaped:
        raise StateMismatchError(
            name, missing=missing, unexpected=unexpected, misshaped=misshaped, path=path, remedy=remedy
        )
    network.load_state_dict(state)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
