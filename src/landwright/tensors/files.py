"""Read the tensors in a file without running anything in it."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from landwright.errors import DataError
from landwright.tensors.torchscript import is_torchscript, read_torchscript

WRAPPERS = ("state_dict", "model")
PARALLEL = "module."
"""Prefix that data-parallel training puts before every name."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the state dict in a checkpoint.

    Args:
        path: A safetensors file, a TorchScript archive, or what ``torch.save`` wrote: a state dict, alone or under
            ``state_dict`` or ``model``, its names with or without ``module.`` before them.

    Returns:
        The tensors by name, on the CPU.

    Raises:
        DataError: The file is missing, damaged, holds code or anything else but tensors.
    """
    if not path.is_file():
        raise DataError("there is no such file", path=path, remedy="Check the path of the checkpoint")
    if path.suffix == ".safetensors":
        state: Any = read_safetensors(path)
    elif is_torchscript(path):
        state = read_torchscript(path)
    else:
        state = _unwrap(_unpickle(path))
    if not isinstance(state, Mapping) or not state:
        raise DataError(f"holds a {type(state).__name__}, not a state dict", path=path, remedy=_AS_STATE_DICT)
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise DataError(
                f"is not a state dict: {name!r} is a {type(value).__name__}, not a tensor",
                path=path,
                remedy=_AS_STATE_DICT,
            )
    prefix = PARALLEL if all(name.startswith(PARALLEL) for name in state) else ""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items()}


def read_safetensors(path: Path) -> dict[str, Tensor]:
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


_AS_STATE_DICT = "Save the weights alone, with torch.save(model.state_dict(), FILE)"


def _unpickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notes of torch on old formats, which change nothing here
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise DataError(
            "holds code or objects besides tensors, or is damaged; nothing in it was executed",
            path=path,
            remedy=f"{_AS_STATE_DICT}, where you trust the file",
        ) from error
    except Exception as error:  # a damaged file can make the reader fail in any way
        raise DataError(
            f"is not a checkpoint that torch can read ({type(error).__name__})",
            path=path,
            remedy="Copy the file again from its source",
        ) from error


def _unwrap(content: Any) -> Any:
    while isinstance(content, Mapping):
        inner = next((content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    return content
