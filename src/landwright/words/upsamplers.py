"""Weights of feature upsamplers: SimFeatUp's and FeatUp's."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from torch import Tensor, nn

from landwright.errors import DataError
from landwright.tensors import check_finite, fill, read_checkpoint
from landwright.words.folders import WEIGHTS_VARIABLE, weights_folder
from landwright.words.weights import SUFFIXES

UPSAMPLERS = ("jbu-one", "jbu-stack")
"""Names of the upsamplers that have weights."""

_PREFIX = "upsampler."
_FIRST = {"jbu-one": "up.range_temp", "jbu-stack": "up1.range_temp"}
_SOURCES = {
    "jbu-one": "xclip_jbu_one_million_aid.ckpt of SegEarth-OV (https://github.com/likyoo/SegEarth-OV)",
    "jbu-stack": "the JBU stack for CLIP of FeatUp (https://github.com/mhamilton723/FeatUp)",
}


def load_upsampler(module: nn.Module, name: str, path: str | PathLike[str] | None = None) -> None:
    """Fill an upsampler with published weights.

    Args:
        module: The network's ``upsampler``.
        name: ``jbu-one`` (SimFeatUp) or ``jbu-stack`` (FeatUp).
        path: A published checkpoint, or its tensors alone with or without ``upsampler.`` before their names; by
            default ``NAME.*`` in the folder of weights.

    Raises:
        DataError: The file is missing, damaged, holds numbers that are not finite, is of another upsampler, or is for
            another joint space than the module.
    """
    file = _find(name) if path is None else Path(path).expanduser()
    state = _read(name, file)
    check_finite(state, path=file)
    fill(module, state, name=name, path=file, remedy="Take one that was trained for the model's own features")


def _read(name: str, file: Path) -> dict[str, Tensor]:
    found = read_checkpoint(file)
    inner = {key.removeprefix(_PREFIX): tensor for key, tensor in found.items() if key.startswith(_PREFIX)}
    state = {key: tensor.float() for key, tensor in (inner or found).items()}
    if _FIRST[name] not in state:
        other = next((kind for kind, first in _FIRST.items() if first in state), None)
        raise DataError(
            f"is {f'the upsampler {other}' if other else 'no upsampler'}, not {name}",
            path=file,
            remedy=f"Take {_SOURCES[name]}" if other is None else f"Take upsampler={other}",
        )
    return state


def _find(name: str) -> Path:
    folder = weights_folder()
    for suffix in SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise DataError(
        f"the weights of the upsampler {name} are not here",
        remedy=f"Get {_SOURCES[name]} and place it here as {folder / name}.ckpt; another folder can be named with "
        f"{WEIGHTS_VARIABLE}",
    )
