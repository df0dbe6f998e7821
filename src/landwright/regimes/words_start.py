"""The dual encoder that the regime ``words`` begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from landwright.bundles import load_bundle
from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import Vocabulary
from landwright.networks import create_network
from landwright.networks.clip import ClipNetwork
from landwright.networks.clip.positions import LONG_CONTEXT, stretch_positions
from landwright.networks.clip.towers import COMPACT
from landwright.recipe import Recipe, WordsSpec
from landwright.tensors import fill
from landwright.words.checkpoints import read_clip
from landwright.words.derive import RULE, rule_options
from landwright.words.preprocess import CLIP_MEAN, CLIP_STD
from landwright.words.registry import OWN, model_info
from landwright.words.weights import find_weights

NAME = "clip"
ENCODER, QUERIES = "encoder.", "queries"
POSITIONS = f"{ENCODER}clip.positional_embedding"
"""Text positions among the network's tensors."""


@dataclass(frozen=True)
class Origin:
    """Weights to begin with.

    Attributes:
        options: Options of the network that they are of.
        state: Tensors by the names of the network, all but its queries; none for random weights.
        model: Name in the list of models.
        mean: Mean of red, green and blue in 0..1 that they expect.
        std: Their standard deviation.
        licence: Licence of the weights, if known; it goes with what is made of them.
    """

    options: dict[str, Any]
    state: dict[str, Tensor]
    model: str = OWN
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    licence: str | None = None


def find_origin(recipe: Recipe, spec: WordsSpec) -> Origin:
    """Find the weights that a recipe names, and the options that go with them.

    Raises:
        UsageError: The network is none that reads words, random weights are asked for of a large architecture, or a
            file is given without saying what it is.
        DataError: The weights cannot be found or read, or are not what they are said to be.
    """
    network = recipe.network
    if network.name != NAME:
        raise UsageError(f"network {network.name!r} reads no words", remedy=f"Set network.name to {NAME}")
    where, from_hub = Path(network.weights).expanduser(), network.weights == "hub"
    if network.weights == "none":
        if network.options.get("architecture") != COMPACT:
            raise UsageError(
                "a large dual encoder learns nothing useful from random weights",
                remedy="Give network.weights (a bundle, a checkpoint with words.model, or hub), or take "
                "network.architecture compact",
            )
        return Origin({}, {})
    if not from_hub and not where.exists():
        raise DataError("there is no such file or folder", path=where, remedy="Correct network.weights")
    if not from_hub and where.is_dir():
        bundle = load_bundle(where)
        if bundle.card.network.name != NAME:
            raise UsageError(
                f"is a bundle of the network {bundle.card.network.name!r}, which reads no words", path=where
            )
        state = {name: tensor for name, tensor in bundle.network.state_dict().items() if name != QUERIES}
        card, scaling = bundle.card, bundle.card.normalization
        model = card.words.model if card.words is not None else OWN
        return Origin(dict(card.network.options), state, model, scaling.mean, scaling.std, card.licence)
    if spec.model is None:
        raise UsageError(
            "no file tells by itself what it holds",
            path=where,
            remedy=f"Name the model under words.model: a name of `landwright models list`, or {OWN}",
        )
    info = model_info(spec.model)
    found = read_clip(find_weights(info) if from_hub else where, info, activation=network.options.get("activation"))
    state = {f"{ENCODER}{name}": tensor for name, tensor in found.state.items()}
    return Origin(found.options, state, info.name, info.mean, info.std, info.licence)


def begin(recipe: Recipe, spec: WordsSpec, origin: Origin, vocabulary: Vocabulary, *, bands: int) -> ClipNetwork:
    """Build the network, fill it, and stretch its text positions where the recipe asks for it.

    Args:
        recipe: The recipe; its network options go before those of the weights.
        spec: Its section ``words``.
        origin: Weights to begin with.
        vocabulary: Classes of the maps.
        bands: Number of bands of the images.

    Returns:
        The network on the CPU, of open_clip's towers; its queries are random.

    Raises:
        UsageError: An option does not fit, or the weights' context is longer than the one asked for.
        DataError: The tensors do not fit the network.
    """
    options = network_options(recipe, spec, origin, vocabulary)
    if options.get("family", "openclip") != "openclip":
        raise UsageError(
            f"towers of the family {options['family']!r} cannot be trained here", remedy="Take open_clip's or `compact`"
        )
    if origin.state and bands != 3:
        raise UsageError(
            f"the weights are for 3 bands, the images have {bands}", remedy="Choose three with data.bands: [1, 2, 3]"
        )
    torch.manual_seed(recipe.seed)
    network = create_network(NAME, classes=len(vocabulary), bands=bands, **options)
    assert isinstance(network, ClipNetwork)
    own = network.state_dict()
    if bare := [name for name in own if not name.startswith((ENCODER, QUERIES)) and name not in origin.state]:
        raise UsageError(
            f"{bare[0].partition('.')[0]} has no weights here, and this training gives it none",
            remedy="Leave it out, and choose it when maps are made",
        )
    if not origin.state:
        return network
    state = {name: tensor for name, tensor in origin.state.items() if name in own or name.startswith(ENCODER)}
    held = state[POSITIONS].shape[0]
    if held != network.encoder.context:
        if network.encoder.context != LONG_CONTEXT or held > LONG_CONTEXT:
            raise UsageError(
                f"the weights read {held} tokens, not {network.encoder.context}", remedy="Leave words.context out"
            )
        state[POSITIONS] = stretch_positions(state[POSITIONS])
    fill(
        network,
        {QUERIES: network.queries, **state},
        name=NAME,
        path=Path(recipe.network.weights),
        remedy="Leave the network's sizes out of the recipe: the weights tell them",
    )
    return network


def network_options(recipe: Recipe, spec: WordsSpec, origin: Origin, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return all options of the network, as they go on the bundle's card."""
    own = {name: value for name, value in origin.options.items() if name not in RULE}
    context = {} if spec.context is None else {"context": spec.context}
    return {**own, **recipe.network.options, **context, **rule_options(vocabulary, thresholds=True)}
