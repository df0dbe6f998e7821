"""Names and settings of the published Paraformer training script, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from landwright.bundles.importers.settings import count
from landwright.errors import UsageError

NAME = "paraformer"
PATCH = 16
"""Pixels per token and axis."""
UNLABELLED = (
    "segmentation_head1.0.weight",
    "segmentation_head1.0.bias",
    "segmentation_head2.0.weight",
    "segmentation_head2.0.bias",
)
"""Tensors whose first row is the class "no label", which training ignores."""
DEFAULTS = {"classes": 17, "bands": 4, "width": 64}

_STEM = "transformer.embeddings.hybrid_model.startconv.weight"
_POSITIONS = "transformer.embeddings.position_embeddings"
_HEAD = "segmentation_head2.0.weight"

# Published beginning of a name, and ours; the longer one first where one begins with the other.
_PREFIXES = {
    "transformer.embeddings.position_embeddings": "transformer.pos_embed",
    "transformer.embeddings.patch_embeddings.": "patch_embed.",
    "transformer.embeddings.hybrid_model.startconv.": "cnn.stem.",
    "transformer.embeddings.hybrid_model.rpblocks.": "cnn.blocks.",
    "transformer.embeddings.hybrid_model.out_conv1.": "cnn.downs.0.",
    "transformer.embeddings.hybrid_model.out_conv2.": "cnn.downs.1.",
    "transformer.embeddings.hybrid_model.out_conv3.": "cnn.downs.2.",
    "transformer.encoder.layer.": "transformer.blocks.",
    "transformer.encoder.encoder_norm.": "transformer.norm.",
    "decoder.conv_more.": "reduce.",
    "decoder.conv1.": "join16.",
    "decoder.conv2.": "join4.",
    "decoder.conv3.": "guide.",
    "decoder.conv4.": "widen.",
    "segmentation_head1.0.": "cnn_head.",
    "segmentation_head2.0.": "vit_head.",
}
_INNER = {
    ".fuse_conv.": ".fuse.",
    ".attention_norm.": ".norm1.",
    ".ffn_norm.": ".norm2.",
    ".ffn.": ".mlp.",
    ".attn.out.": ".attn.proj.",
}
_PARTS = ("query", "key", "value")
_PART = re.compile(r"(transformer\.blocks\.\d+\.attn\.)(?:query|key|value)(\.(?:weight|bias))")
_JOINED = ".attn.qkv."


def network_options(settings: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], int, int]:
    """Read the width, the image side, the classes and the bands from the shapes in a checkpoint.

    Args:
        settings: ``classes``, ``bands`` and ``width``; none is needed, and those given must be those of the file.
        state: Tensors by their published names.

    Returns:
        Options of the network, number of class logits, number of bands. What the file does not say because a tensor
        is missing is as in the published training script.

    Raises:
        UsageError: A key is unknown, a value is no number, or it is not that of the file.
    """
    unknown = sorted(set(settings) - set(DEFAULTS))
    if unknown:
        raise UsageError(
            f"paraformer has no setting {', '.join(map(repr, unknown))}", remedy=f"Known: {', '.join(DEFAULTS)}"
        )
    said = {
        "classes": _side(state, _HEAD, 4, 0),
        "bands": _side(state, _STEM, 4, 1),
        "width": _side(state, _STEM, 4, 0),
    }
    found: dict[str, int] = {}
    for key, default in DEFAULTS.items():
        asked, own = count(key, settings[key]) if key in settings else None, said[key]
        if asked is not None and own is not None and asked != own:
            raise UsageError(
                f"{key} is {own} in the checkpoint, not {asked}", remedy=f"Leave {key} out: the file says it itself"
            )
        found[key] = own or asked or default
    tokens = _side(state, _POSITIONS, 3, 1) or 0
    image = {"img_size": PATCH * isqrt(tokens)} if tokens and isqrt(tokens) ** 2 == tokens else {}
    return {"width": found["width"], **image}, found["classes"], found["bands"]


def convert(state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
    """Rename a state dict of the published training script.

    Query, key and value become one tensor, in this order; where one of the three is missing, the others are left out,
    so that :func:`published_names` can tell which. A name that the published network does not have is passed on
    unchanged, so that the caller can report it.

    Args:
        state: Official names, without a ``module.`` prefix.
        options: Options of the network; nothing depends on them.

    Returns:
        The state dict in our names.
    """
    converted: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        new = _rename(name)
        joined = _PART.sub(r"\1qkv\2", new)
        if joined == new:
            converted[new] = tensor
        else:
            parts.setdefault(joined, {})[new.split(".")[-2]] = tensor
    for name, three in parts.items():
        if len(three) == len(_PARTS):
            converted[name] = _stack([three[part] for part in _PARTS])
    return converted


def published_names(name: str) -> tuple[str, ...]:
    """Return the published names of one of our keys: three for query, key and value, else one."""
    if _JOINED in name:
        return tuple(_published(name.replace(_JOINED, f".attn.{part}.")) for part in _PARTS)
    return (_published(name),)


def _rename(name: str) -> str:
    for old, new in _PREFIXES.items():
        if name.startswith(old):
            return new + _swap(name.removeprefix(old), _INNER)
    return name


def _published(name: str) -> str:
    for old, new in _PREFIXES.items():
        if name.startswith(new):
            return old + _swap(name.removeprefix(new), {own: published for published, own in _INNER.items()})
    return name


def _swap(rest: str, pairs: Mapping[str, str]) -> str:
    for old, new in pairs.items():
        if old in rest:
            return rest.replace(old, new)
    return rest


def _stack(tensors: list[Tensor]) -> Tensor:
    """Join along the first axis; tensors that do not go together become a line, which fits nothing."""
    if len({tensor.shape[1:] for tensor in tensors}) > 1 or any(tensor.ndim == 0 for tensor in tensors):
        tensors = [tensor.flatten() for tensor in tensors]
    return torch.cat(tensors)


def _side(state: Mapping[str, Tensor], name: str, axes: int, axis: int) -> int | None:
    tensor = state.get(name)
    return tensor.shape[axis] if tensor is not None and tensor.ndim == axes else None
