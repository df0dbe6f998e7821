"""Files of the dual encoders that are no plain CLIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from landwright.errors import DataError
from landwright.networks.clip.eva import convert_eva, eva_name
from landwright.networks.clip.flair import convert_flair, flair_name
from landwright.networks.clip.tips import convert_tips, tips_name
from landwright.tensors import read_checkpoint
from landwright.words.kinds import kind_of
from landwright.words.registry import ModelInfo

_VISION, _TEXT = "_vision.npz", "_text.npz"
_TIMM = "visual.trunk."
# How a tensor's name begins that every file of a family has and no other has.
_MARKS = {
    "siglip": ("visual.trunk.attn_pool.",),
    "eva": ("visual.blocks.0.attn.q_proj.", "visual.trunk.blocks.0.attn.q_proj."),
    "flair": ("image_post.",),
    "tips": ("vision/cls_token",),
}
Published = Callable[[str], str]
"""Gives the file's own name of an entry, for messages."""


def read_family(path: Path, info: ModelInfo) -> tuple[dict[str, Any], dict[str, Tensor], Published]:
    """Read a file of SigLIP, EVA-CLIP (CLIPSelf, FineCLIP), FLAIR or TIPS.

    Args:
        path: The file; of TIPS, the ``.npz`` of either tower, the other one lying beside it.
        info: The model that it is.

    Returns:
        Options of the network, tensors by the names of its encoder, and what gives the names in the file. Whether all
        are there and have the right shapes is found when they are filled in.

    Raises:
        DataError: The file is missing, damaged or something else.
    """
    published = _read_tips(path) if info.family == "tips" else read_checkpoint(path)
    if not any(name.startswith(_MARKS[info.family]) for name in published):
        kind, remedy = kind_of(published)
        raise DataError(f"is {kind}, not the weights of {info.name}", path=path, remedy=remedy)
    state = _CONVERT[info.family](published)
    options = {"architecture": info.architecture, "context": info.context}
    return options, {name: tensor.float() for name, tensor in state.items()}, _published(info.family, published)


def open_clip_name(name: str) -> str:
    """Return open_clip's own name of an entry of an encoder."""
    return name.removeprefix("clip.")


def _published(family: str, names: Mapping[str, Tensor]) -> Published:
    if family == "tips":
        return tips_name
    if family == "flair":
        return partial(flair_name, apart=any(name.startswith("text.") for name in names))
    if family == "eva" and not any(name.startswith(_TIMM) for name in names):
        return eva_name
    return open_clip_name


def _open_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"clip.{name}": tensor for name, tensor in state.items()}


_CONVERT: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
    "siglip": _open_clip,
    "eva": convert_eva,
    "flair": convert_flair,
    "tips": convert_tips,
}


def _read_tips(path: Path) -> dict[str, Tensor]:
    """Read both of TIPS's files; names get ``vision/`` and ``text/`` before them."""
    stem = path.name.removesuffix(_VISION).removesuffix(_TEXT)
    if stem == path.name:
        raise DataError(
            f"is not one of TIPS's two files, NAME{_VISION} and NAME{_TEXT}",
            path=path,
            remedy="Put both into one folder under their published names and give either",
        )
    towers = (("vision/", stem + _VISION), ("text/", stem + _TEXT))
    return {
        f"{tower}{name}": array for tower, file in towers for name, array in _read_npz(path.with_name(file)).items()
    }


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in arrays.files}
    except FileNotFoundError as error:
        raise DataError("there is no such file", path=path, remedy="TIPS has a file for each tower") from error
    except Exception as error:  # a damaged file can make the reader fail in any way
        raise DataError(
            f"is not a readable .npz file ({type(error).__name__})", path=path, remedy="Copy the file again"
        ) from error
