"""Towers of open_clip by name, with random weights and without a download."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from torch import nn

from landwright.errors import UsageError
from landwright.networks.registry import choose

COMPACT = "compact"
ACTIVATIONS = ("gelu", "quick_gelu")

# Plain towers only: a class token and learned positions for images, a causal tower of CLIP's own words for texts.
_VISION = {"image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio"}
_TEXT = {"context_length", "vocab_size", "width", "heads", "layers"}
_COMPACT = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 64, "patch_size": 8, "width": 128, "layers": 4, "head_width": 32},
    "text_cfg": {"vocab_size": 49408, "width": 128, "layers": 3, "heads": 4},
}


def build_clip(architecture: str, *, activation: str = "quick_gelu", context: int = 77, bands: int = 3) -> nn.Module:
    """Build a stock ``open_clip.CLIP``.

    Args:
        architecture: open_clip's name of a plain vision transformer without its activation, such as ``ViT-B-16``; or
            ``compact``, a small one of our own for CPU and tests (64 pixels, patches of 8).
        activation: ``quick_gelu`` (OpenAI's models and what was trained from them) or ``gelu``.
        context: Number of text tokens, >= 2; 77, or 248 for LongCLIP.
        bands: Number of input bands.

    Returns:
        The model with random weights.

    Raises:
        UsageError: open_clip is not installed, or it has no such plain tower.
    """
    choose("activation", activation, ACTIVATIONS)
    if context < 2:
        raise UsageError(f"context must be at least 2, not {context}")
    config = _config(architecture)
    text = {**config["text_cfg"], "context_length": context}
    model = open_clip().CLIP(config["embed_dim"], config["vision_cfg"], text, quick_gelu=activation == "quick_gelu")
    if bands != 3:
        stem = model.visual.conv1
        model.visual.conv1 = nn.Conv2d(bands, stem.out_channels, stem.kernel_size, stem.stride, bias=False)
    return cast(nn.Module, model)


def list_architectures() -> list[str]:
    """Return the names that :func:`build_clip` knows, ``compact`` first."""
    library = open_clip()
    return [COMPACT, *(name for name in library.list_models() if _is_plain(library.get_model_config(name)))]


def open_clip() -> ModuleType:
    """Import open_clip when it is needed.

    Raises:
        UsageError: It is not installed.
    """
    try:
        import open_clip as library
    except ImportError as error:
        raise UsageError(
            "maps from words need open_clip", remedy="Install it with: pip install 'landwright[words]'"
        ) from error
    return cast(ModuleType, library)


def _config(architecture: str) -> Mapping[str, Any]:
    if architecture == COMPACT:
        return _COMPACT
    found = open_clip().get_model_config(architecture) if architecture else None
    if found is None or not _is_plain(found):
        plain = architecture.removesuffix("-quickgelu")
        if plain != architecture:
            raise UsageError(
                f"architecture {architecture!r} names an activation",
                remedy=f"Take architecture {plain!r} with activation 'quick_gelu'",
            )
        choose("architecture", architecture, list_architectures())
    return cast(Mapping[str, Any], found)


def _is_plain(config: Mapping[str, Any]) -> bool:
    return (
        set(config) == {"embed_dim", "vision_cfg", "text_cfg"}
        and set(config["vision_cfg"]) <= _VISION
        and not isinstance(config["vision_cfg"]["layers"], list)
        and set(config["text_cfg"]) <= _TEXT
    )
