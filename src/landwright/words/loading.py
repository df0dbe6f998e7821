"""From a checkpoint to a network, and from a network to the features of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor

from landwright.networks import create_network
from landwright.networks.clip import ClipNetwork
from landwright.networks.encoders import load_encoder_weights
from landwright.tensors import fill
from landwright.words.checkpoints import ClipCheckpoint
from landwright.words.features import text_fingerprint, word_features
from landwright.words.folders import features_folder
from landwright.words.templates import Templates, load_templates
from landwright.words.tokens import Tokenizer, tokenizer
from landwright.words.upsamplers import UPSAMPLERS, load_upsampler


def load_network(
    name: str,
    path: Path,
    checkpoint: ClipCheckpoint,
    options: Mapping[str, Any],
    *,
    upsampler_weights: str | PathLike[str] | None = None,
    guide_weights: str | PathLike[str] | None = None,
) -> ClipNetwork:
    """Build a network and fill it with a checkpoint.

    Args:
        name: Name of the model, for messages.
        path: The checkpoint's file, for messages.
        checkpoint: What was read from it.
        options: Options of the network that go before the checkpoint's own.
        upsampler_weights: File of the upsampler; by default it is looked for in the folder of weights.
        guide_weights: File of the guide of attention ``proxy``; by default timm's weights of that name on the hub.

    Returns:
        The network on the CPU in eval mode; its queries are random.

    Raises:
        UsageError: An option is unknown or does not fit.
        DataError: Weights are missing, or do not fit the network.
    """
    used = {**checkpoint.options, **options}
    network = create_network("clip", classes=len(used.get("synonyms", (1, 1))), **used)
    assert isinstance(network, ClipNetwork)
    fill(
        network.encoder,
        checkpoint.state,
        name=name,
        path=path,
        remedy="Check that it is the file of this model",
        own=checkpoint.published,
        theirs={key: checkpoint.published(key) for key in checkpoint.state},
    )
    upsampler = used.get("upsampler", "none")
    if upsampler in UPSAMPLERS:
        assert network.upsampler is not None
        load_upsampler(network.upsampler, upsampler, upsampler_weights)
    if used.get("guide") is not None:
        load_encoder_weights(network, guide_weights or "hub")
    return network.eval()


def tokenizer_of(network: ClipNetwork, options: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer of a network with the given options."""
    family = options.get("family", "openclip")
    return tokenizer(family, options.get("architecture", "ViT-B-16"), network.encoder.context)


def fingerprint_of(network: ClipNetwork, options: Mapping[str, Any]) -> str:
    """Return a hash of all that a text feature depends on besides the words: tower, activation and context."""
    facts = (options.get("activation", "quick_gelu"), network.encoder.context)
    return text_fingerprint(network.encoder.state_dict(), *facts)


def features_of(
    network: ClipNetwork,
    options: Mapping[str, Any],
    words: Sequence[str],
    templates: str | PathLike[str] | Templates = "imagenet80",
    *,
    key: str | None = None,
) -> Tensor:
    """Return the features of words, from the folder of features where they are there.

    Args:
        network: The network.
        options: Its options.
        words: The words.
        templates: Sentences around them.
        key: What :func:`fingerprint_of` gave for the network, where it is known already.

    Returns:
        Unit features (Q, D), float32 on the CPU.

    Raises:
        UsageError: A word has no tokens or is longer than the context, or the templates are unknown.
    """
    prompts = templates if isinstance(templates, Templates) else load_templates(templates)
    device = network.queries.device
    return word_features(
        lambda ids: network.encode_text(ids.to(device)),
        tokenizer_of(network, options),
        list(words),
        prompts,
        key=key or fingerprint_of(network, options),
        cache=features_folder(),
    )
