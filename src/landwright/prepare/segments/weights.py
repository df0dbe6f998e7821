"""The weights of a SAM: a folder or the hub in transformers' format, or MobileSAM's file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import torch
from torch import nn

from landwright.errors import DataError, UsageError
from landwright.networks.sam import is_mobile_sam, mobile_sam, mobile_sam_names, sam_library
from landwright.prepare.segments.record import content_hash
from landwright.tensors import check_finite, fill, read_checkpoint
from landwright.tensors.pretrained import fetch_folder, read_pretrained

DEFAULT: Final = "facebook/sam-vit-huge"
"""The model that SAM_RS used."""

# SAM 2 for video is the same model with a memory of other frames, which is left out.
_CLASSES: Final = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
_MEMORY: Final = ("memory_", "mask_downsample", "object_pointer", "temporal_position", "no_object_", "occlusion_")
_KNOWN: Final = (
    f"Give a SAM or SAM 2 in transformers' format, such as the files of https://huggingface.co/{DEFAULT}, or "
    "MobileSAM's mobile_sam.pt"
)
_SHOWN = 3
_REMEDY: Final = (
    "Get config.json and the safetensors files on a machine with access, place them in one folder here, and give that "
    "folder; or use segments by felzenszwalb, which need no weights"
)


@dataclass(frozen=True)
class SamWeights:
    """Weights that were found.

    Attributes:
        path: A folder with config.json and safetensors files, or a file.
        kind: ``sam``, ``sam2``, ``sam2_video`` or ``mobile-sam``.
        digest: Sixteen hexadecimal digits of the hash of all that is read.
    """

    path: Path
    kind: str
    digest: str

    @property
    def identity(self) -> str:
        """What a record says of them."""
        return f"{self.kind} {self.digest}"


def find_sam(source: str) -> SamWeights:
    """Find the weights of a SAM.

    Args:
        source: A folder, MobileSAM's file, or a repository of the hub, whose cache is looked at first.

    Raises:
        UsageError: If a package is missing.
        DataError: If they are not there, or are of another kind.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return SamWeights(path, "mobile-sam", content_hash(path)[:16])
    folder = path if path.is_dir() else _from_hub(source)
    kind = _kind(folder)
    files = sorted([folder / "config.json", *folder.glob("*.safetensors")])
    digest = hashlib.sha256("".join(map(content_hash, files)).encode()).hexdigest()
    return SamWeights(folder, kind, digest[:16])


def load_sam(weights: SamWeights) -> nn.Module:
    """Load a model, strictly: no tensor stays at random, and none is left over.

    Returns:
        Transformers' ``SamModel`` or ``Sam2Model``, float32, in eval mode, on the CPU.

    Raises:
        UsageError: If a package is missing.
        DataError: If the file is damaged or holds the weights of something else.
    """
    return _mobile(weights.path) if weights.kind == "mobile-sam" else _pretrained(weights)


def _mobile(path: Path) -> nn.Module:
    state = read_checkpoint(path)
    if not is_mobile_sam(state):
        names = ", ".join(list(state)[:_SHOWN])
        raise DataError(f"is a checkpoint, but not MobileSAM's: it holds {names}, ...", path=path, remedy=_KNOWN)
    tensors, published = mobile_sam_names(state)
    model = mobile_sam()
    fill(model, tensors, name="MobileSAM", path=path, remedy=_KNOWN, theirs=published)
    check_finite(tensors, path=path, published=lambda name: published[name])
    return model


def _pretrained(weights: SamWeights) -> nn.Module:
    def memory(name: str) -> bool:
        return weights.kind == "sam2_video" and name.startswith(_MEMORY)

    model = read_pretrained(sam_library(), _CLASSES[weights.kind], weights.path, name="SAM", foreign=memory)
    return cast(nn.Module, model.eval())


def _kind(folder: Path) -> str:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"has no config.json that can be read ({error})", path=folder, remedy=_KNOWN) from error
    kind = config.get("model_type") if isinstance(config, Mapping) else None
    if kind not in _CLASSES:
        raise DataError(f"holds a model of the type {kind!r}, not a SAM or SAM 2", path=folder, remedy=_KNOWN)
    if not any(folder.glob("*.safetensors")):
        raise DataError("has no safetensors file", path=folder, remedy=_KNOWN)
    return str(kind)


def _from_hub(repository: str) -> Path:
    if Path(repository).suffix in (".pt", ".pth", ".safetensors"):
        raise DataError("there is no such file", path=repository, remedy="Check the path of the weights")
    return fetch_folder(repository, remedy=_REMEDY, cached=True)


def find_device(name: str) -> torch.device:
    """Return the device that a name means; ``auto`` is a GPU where there is one.

    Raises:
        UsageError: If there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"there is no device {name!r}", remedy="Choose auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"device {name!r} is not here", remedy="Choose auto or cpu")
    return device
