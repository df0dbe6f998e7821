"""Weights of a bundle: a safetensors file and its checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn


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


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
