"""The same encoder with other words or settings, without a second copy of its weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import chain
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from landwright.errors import UsageError
from landwright.legends.vocabulary import Vocabulary
from landwright.networks import create_network
from landwright.networks.clip import ClipNetwork
from landwright.networks.clip.jbu import make_upsampler
from landwright.words.upsamplers import load_upsampler

RULE = ("synonyms", "thresholds", "background")
"""Options of the network that a vocabulary gives."""


def rule_options(vocabulary: Vocabulary, *, thresholds: bool) -> dict[str, Any]:
    """Return the options of the network that a vocabulary gives.

    Args:
        vocabulary: Classes and words.
        thresholds: Whether its thresholds count.
    """
    options: dict[str, Any] = {"synonyms": list(vocabulary.synonyms)}
    if thresholds and any(vocabulary.thresholds):
        options |= {"thresholds": list(vocabulary.thresholds), "background": vocabulary.background}
    return options


def derive(
    network: ClipNetwork,
    options: Mapping[str, Any],
    features: Tensor,
    *,
    bands: int = 3,
    upsampler_weights: str | PathLike[str] | None = None,
) -> ClipNetwork:
    """Make a network of other options that shares the weights of another.

    Args:
        network: The network whose encoder is taken.
        options: All options of the new network, its words' ``synonyms`` among them; architecture, family, activation
            and context must be those of the other.
        features: Text features (Q, D) of all words in order.
        bands: Number of input bands, that of the other.
        upsampler_weights: File for an upsampler that the other network has not; by default it is looked for in the
            folder of weights.

    Returns:
        The network in eval mode on the device of the other. Its parameters are the other's own.

    Raises:
        UsageError: An option is unknown or does not fit.
        DataError: The weights of an upsampler are not here, or are not those of one.
    """
    if options.get("attention") == "proxy" and not isinstance(getattr(network, "guide", None), nn.Module):
        raise UsageError(
            "the model has no guide, which attention 'proxy' needs",
            remedy="Import it with --set attention=proxy --set guide=NAME",
        )
    with torch.device("meta"):  # the frame alone: every tensor is replaced
        shell = create_network("clip", classes=len(options["synonyms"]), bands=bands, **options)
    assert isinstance(shell, ClipNetwork)
    device = network.queries.device
    antialias = shell.encoder.antialias
    shell.encoder = _sharing(network.encoder)
    shell.encoder.antialias = antialias
    if shell.upsampler is not None:
        shell.upsampler = _upsampler(network, type(shell.upsampler), str(options["upsampler"]), upsampler_weights)
    if shell.guide is not None:
        shell.guide = _sharing(network.guide)
    if features.shape != (shell.rule.queries, shell.encoder.embed_dim):
        wanted = (shell.rule.queries, shell.encoder.embed_dim)
        raise UsageError(f"features of words have shape {tuple(features.shape)}, but {wanted} is needed")
    shell.queries = functional.normalize(features.to(device), dim=1)
    return shell.eval()


def _upsampler(network: ClipNetwork, kind: type, name: str, weights: str | PathLike[str] | None) -> Any:
    if weights is None and isinstance(network.upsampler, kind):
        return _sharing(network.upsampler)
    module = make_upsampler(name, network.encoder.embed_dim)
    assert module is not None
    load_upsampler(module, name, weights)
    return module.to(network.queries.device)


def _sharing(module: Any) -> Any:
    """Copy modules but not their tensors."""
    tensors = chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})
