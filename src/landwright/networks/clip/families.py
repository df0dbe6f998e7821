"""Encoders by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from landwright.errors import UsageError
from landwright.networks.clip.encoder import DenseEncoder
from landwright.networks.clip.eva import build_eva
from landwright.networks.clip.flair import build_flair
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.siglip import build_siglip
from landwright.networks.clip.tips import build_tips
from landwright.networks.clip.towers import ACTIVATIONS, build_clip
from landwright.networks.registry import choose

FAMILIES = ("openclip", "siglip", "eva", "flair", "tips")
"""openclip: CLIP and what was trained from it, COSMOS included; eva: CLIPSelf and FineCLIP."""
_FIXED: Mapping[str, Callable[..., DenseEncoder]] = {"siglip": build_siglip, "eva": build_eva, "tips": build_tips}


def build_encoder(
    family: str, architecture: str, *, activation: str = "quick_gelu", context: int = 77, bands: int = 3
) -> DenseEncoder:
    """Build both towers of a model with random weights and without a download.

    Args:
        family: One of :data:`FAMILIES`.
        architecture: Name of the towers within the family; ``compact`` is a small one in each.
        activation: ``quick_gelu`` or ``gelu``; families other than ``openclip`` and ``flair`` have their own, which is
            named ``gelu`` here.
        context: Number of text tokens, >= 2.
        bands: Number of input bands.

    Returns:
        The encoder.

    Raises:
        UsageError: A name is unknown, an option does not go with the family, or open_clip is not installed.
    """
    choose("family", family, FAMILIES)
    choose("activation", activation, ACTIVATIONS)
    if context < 2:
        raise UsageError(f"context must be at least 2, not {context}")
    if family in _FIXED:
        if activation != "gelu":
            raise UsageError(f"no {family} model has activation {activation!r}", remedy="Set activation to gelu")
        return _FIXED[family](architecture, context=context, bands=bands)
    if family == "flair":
        return build_flair(architecture, activation=activation, context=context, bands=bands)
    return OpenClipEncoder(build_clip(architecture, activation=activation, context=context, bands=bands))
