"""Names and settings of the published RS3DAda checkpoints, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from landwright.bundles.importers.settings import count
from landwright.errors import UsageError

NAME = "rs3dada"
SETTINGS = ("classes", "bands", "encoder", "features", "out_channels", "heads")
CLASSES, BANDS = 8, 3
"""Class logits and bands of the published files."""

_ENCODERS = {384: "vits", 768: "vitb", 1024: "vitl"}
_HEADS = {"height": "regression", "classes": "segmentation"}
_PATCHES = "pretrained.patch_embed.proj.weight"
_LEVELS = range(4)
# Saved by the published code, never used in its forward pass.
_DEAD = ("pretrained.mask_token", *(f"heads.{head}.scratch.refinenet4.resConfUnit1." for head in _HEADS.values()))
_UNITS = {"resConfUnit1.": "skip.", "resConfUnit2.": "refine.", "out_conv.": "out."}
_TAILS = {
    "height": {"scratch.output_conv1.": "tail.reduce.", "scratch.output_conv2.": "tail.layers."},
    "classes": {"scratch.output_conv.": "tail.layers."},
}
_NECK = {
    "projects.": "projects.",
    "resize_layers.": "resizes.",
    **{f"scratch.layer{level + 1}_rn.": f"levels.{level}." for level in _LEVELS},
    **{
        f"scratch.refinenet{level + 1}.{published}": f"fusions.{level}.{own}"
        for level in _LEVELS
        for published, own in _UNITS.items()
    },
}
_PREFIXES = {"pretrained.": "encoder."} | {
    f"heads.{theirs}.{published}": f"heads.{ours}.{own}"
    for ours, theirs in _HEADS.items()
    for published, own in (_NECK | _TAILS[ours]).items()
}
_NORMS = {".bn1.": ".norm1.", ".bn2.": ".norm2."}


def network_options(settings: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], int, int]:
    """Read the encoder, the heads, their channels, the classes and the bands from the shapes in a checkpoint.

    Args:
        settings: ``classes``, ``bands``, ``encoder``, ``features``, ``out_channels`` (as ``48,96,192,384``) and
            ``heads``. None is needed; those given must be those of the file, but ``heads`` may name one head of two,
            so that the other is left out.
        state: Tensors by their published names.

    Returns:
        Options of the network, number of class logits, number of bands. What the file does not say is as in the
        published files; a file without a class head has no classes of its own, and then eight stand in.

    Raises:
        UsageError: A key is unknown, a value is none, or it is not that of the file.
    """
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UsageError(
            f"rs3dada has no setting {', '.join(map(repr, unknown))}", remedy=f"Known: {', '.join(SETTINGS)}"
        )
    kept = {head for head, theirs in _HEADS.items() if any(name.startswith(f"heads.{theirs}.") for name in state)}
    there = "both" if len(kept) != 1 else kept.pop()
    heads = settings.get("heads", there)
    if heads not in ("both", *_HEADS):
        raise UsageError(f"heads {heads!r} is unknown", remedy="Known: 'both', 'classes', 'height'")
    if there not in {"both", heads}:
        raise UsageError(f"the checkpoint has the {there} head alone, not {heads}", remedy="Leave heads out")
    neck = f"heads.{_HEADS['height' if heads == 'both' else heads]}"
    said = {
        "classes": _side(state, f"heads.{_HEADS['classes']}.scratch.output_conv.1.weight", 0),
        "bands": _side(state, _PATCHES, 1),
        "encoder": _ENCODERS.get(_side(state, _PATCHES, 0) or 0),
        "features": _side(state, f"{neck}.scratch.layer1_rn.weight", 0),
        "out_channels": _all([_side(state, f"{neck}.projects.{level}.weight", 0) for level in _LEVELS]),
    }
    asked = {key: _parse(key, settings[key]) for key in said if key in settings}
    for key, value in asked.items():
        if said[key] not in (None, value):
            raise UsageError(
                f"{key} is {_words(said[key])} in the checkpoint, not {settings[key]}",
                remedy=f"Leave {key} out: the file says it itself",
            )
    found: dict[str, Any] = {key: own or asked.get(key) for key, own in said.items() if own or key in asked}
    classes, bands = found.pop("classes", CLASSES), found.pop("bands", BANDS)
    return {**found, "heads": heads}, classes, bands


def convert(state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
    """Rename a state dict of the published training script.

    Parameters that the published network never uses are left out, as is a head that the options leave out. A name
    that the published network does not have is passed on unchanged, so that the caller can report it.

    Args:
        state: Official names, without a ``module.`` prefix.
        options: Options of the network as :func:`network_options` returns them.

    Returns:
        The state dict in our names.
    """
    heads = options.get("heads", "both")
    dropped = tuple(f"heads.{theirs}." for ours, theirs in _HEADS.items() if heads not in ("both", ours))
    return {
        _swap(name, _PREFIXES, _NORMS): tensor
        for name, tensor in state.items()
        if not name.startswith((*_DEAD, *dropped))
    }


def published_names(name: str) -> tuple[str, ...]:
    """Return the published name of one of our keys, so that messages speak of what is in the user's file."""
    return (_swap(name, {own: theirs for theirs, own in _PREFIXES.items()}, {b: a for a, b in _NORMS.items()}),)


def _swap(name: str, prefixes: Mapping[str, str], norms: Mapping[str, str]) -> str:
    for old, new in prefixes.items():
        if name.startswith(old):
            rest = name.removeprefix(old)
            if "heads." in old:
                for norm, other in norms.items():
                    rest = f".{rest}".replace(norm, other).removeprefix(".")
            return new + rest
    return name


def _side(state: Mapping[str, Tensor], name: str, axis: int) -> int | None:
    tensor = state.get(name)
    return tensor.shape[axis] if tensor is not None and tensor.ndim == 4 else None


def _all(values: list[int | None]) -> list[int] | None:
    whole = [value for value in values if value is not None]
    return whole if len(whole) == len(values) else None


def _parse(key: str, text: str) -> int | str | list[int]:
    if key == "encoder":
        if text not in _ENCODERS.values():
            raise UsageError(
                f"no published checkpoint has the encoder {text!r}", remedy="Known: 'vitb', 'vitl', 'vits'"
            )
        return text
    if key == "out_channels":
        return [count(key, part.strip()) for part in text.strip("[]").split(",")]
    return count(key, text)


def _words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
