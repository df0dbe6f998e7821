"""Names and settings of the published CTFA and ATSG checkpoints, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from landwright.bundles.importers.settings import count, switch
from landwright.errors import UsageError

NAME = "ctfa"
SETTINGS = ("classes", "bands", "encoder", "background", "aux_block")
CLASSES, BANDS = 16, 3
"""Class logits and bands of the published iSAID models."""

_ENCODERS = {192: "deit_tiny", 384: "deit_small", 768: "deit_base"}
_PATCHES = "encoder.patch_embed.proj.weight"
_DECODER, _CLASSIFIER = "decoder.conv8.weight", "classifier.weight"
# ImageNet's head: saved by the published code, never used in its forward pass.
_DEAD = ("encoder.head.",)
# torch names the parts of a normalised weight in one way today, and named them in another when these were published.
_NORMED = {
    ".last_layer.weight_g": ".last_layer.parametrizations.weight.original0",
    ".last_layer.weight_v": ".last_layer.parametrizations.weight.original1",
}


def network_options(settings: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], int, int]:
    """Read the encoder, the classes, whether one is the background, and the bands from the shapes in a checkpoint.

    Args:
        settings: ``classes``, ``bands``, ``encoder`` and ``background`` (true or false), which must be those of the
            file, and ``aux_block`` (``dynamic``, which ATSG's files were trained with, or a block from 0), which a
            file does not say.
        state: Tensors by their published names.

    Returns:
        Options of the network, number of class logits, number of bands. What the file does not say is as in the
        published files.

    Raises:
        UsageError: A key is unknown, a value is none, or it is not that of the file.
    """
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UsageError(f"ctfa has no setting {', '.join(map(repr, unknown))}", remedy=f"Known: {', '.join(SETTINGS)}")
    classes, tagged = _side(state, _DECODER, 0), _side(state, _CLASSIFIER, 0)
    said = {
        "classes": classes,
        "bands": _side(state, _PATCHES, 1),
        "encoder": _ENCODERS.get(_side(state, _PATCHES, 0) or 0),
        "background": classes == tagged + 1 if classes and tagged else None,
    }
    asked = {key: _parse(key, settings[key]) for key in said if key in settings}
    for key, value in asked.items():
        if said[key] not in (None, value):
            raise UsageError(
                f"{key} is {_words(said[key])} in the checkpoint, not {settings[key]}",
                remedy=f"Leave {key} out: the file says it itself",
            )
    found: dict[str, Any] = {key: asked.get(key) if own is None else own for key, own in said.items()}
    used = {key: value for key, value in found.items() if value is not None}
    if "aux_block" in settings:
        used["aux_block"] = _parse("aux_block", settings["aux_block"])
    return used, used.pop("classes", CLASSES), used.pop("bands", BANDS)


def convert(state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
    """Rename a state dict of the published training scripts.

    The head of the encoder, which the published network never uses, is left out. A name that the published network
    does not have is passed on unchanged, so that the caller can report it.

    Args:
        state: Official names, without a ``module.`` prefix.
        options: Options of the network as :func:`network_options` returns them.

    Returns:
        The state dict in our names.
    """
    return {_swap(name, _NORMED): tensor for name, tensor in state.items() if not name.startswith(_DEAD)}


def published_names(name: str) -> tuple[str, ...]:
    """Return the published name of one of our keys, so that messages speak of what is in the user's file."""
    return (_swap(name, {own: theirs for theirs, own in _NORMED.items()}),)


def _swap(name: str, endings: Mapping[str, str]) -> str:
    for old, new in endings.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _side(state: Mapping[str, Tensor], name: str, axis: int) -> int | None:
    tensor = state.get(name)
    return tensor.shape[axis] if tensor is not None and tensor.ndim == 4 else None


def _parse(key: str, text: str) -> int | str | bool:
    if key == "background":
        return switch(key, text)
    if key == "encoder":
        if text not in _ENCODERS.values():
            known = ", ".join(map(repr, sorted(_ENCODERS.values())))
            raise UsageError(f"no published checkpoint has the encoder {text!r}", remedy=f"Known: {known}")
        return text
    if key == "aux_block":
        if text == "dynamic" or text.isdecimal():
            return text if text == "dynamic" else int(text)
        raise UsageError(f"aux_block must be dynamic or a block from 0, not {text!r}", remedy="Leave it out for CTFA's")
    return count(key, text)


def _words(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
