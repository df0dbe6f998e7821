"""The tensors of a TorchScript archive, read without the code that it carries."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from landwright.errors import DataError

_CONSTANTS, _DATA = "constants.pkl", "data.pkl"
_TYPES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_torchscript(path: Path) -> bool:
    """Tell whether a file is an archive of ``torch.jit.save``."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return False
    return any(name.name == _CONSTANTS and len(name.parts) == 2 for name in names)


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Read the parameters and buffers of a TorchScript archive.

    The archive's pickle is read with a table of what it may name: its own classes become empty shells, and nothing
    but tensors, lists and numbers is made. ``torch.jit.load`` would compile the code in the archive instead.

    Args:
        path: The archive.

    Returns:
        Tensors by the names that ``state_dict`` gives them.

    Raises:
        DataError: The archive is damaged or names anything else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if PurePosixPath(name).name == _DATA).removesuffix(_DATA)
            with archive.open(f"{root}{_DATA}") as file:
                module = _Reader(file, lambda key: archive.read(f"{root}data/{key}")).load()
            return dict(_tensors(module))
    except pickle.UnpicklingError as error:
        raise DataError(
            f"is a TorchScript archive with more than tensors in it ({error}); nothing in it was executed",
            path=path,
            remedy="Save the weights alone, with torch.save(model.state_dict(), FILE), where you trust the file",
        ) from error
    except Exception as error:  # a damaged file can make the reader fail in any way
        raise DataError(
            f"is a TorchScript archive that cannot be read ({type(error).__name__})",
            path=path,
            remedy="Copy the file again from its source",
        ) from error


class _Shell:
    """Stands for an object of the archive's own classes; holds its attributes and does nothing."""


class _Reader(pickle.Unpickler):
    def __init__(self, file: Any, fetch: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._fetch = fetch
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "__torch__":
            return _Shell
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        found = _ALLOWED.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Tensor:
        _, kind, key, _, _ = pid
        if key not in self._storages:
            self._storages[key] = torch.frombuffer(bytearray(self._fetch(key)), dtype=kind)
        return self._storages[key]


def _rebuild(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    return storage.as_strided(size, stride, offset)


def _same(values: Any, *_: Any) -> Any:
    return values


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch._utils", "_rebuild_parameter"): _same,
    ("collections", "OrderedDict"): OrderedDict,
    ("torch.jit._pickle", "restore_type_tag"): _same,
    **{("torch.jit._pickle", f"build_{kind}list"): _same for kind in ("int", "double", "bool", "tensor")},
}


def _tensors(module: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(module).items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, _Shell):
            yield from _tensors(value, f"{prefix}{name}.")
