"""Models of a suite by name: those of the registry, and bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from landwright.bundles import load_bundle
from landwright.bundles.cardfile import CARD, read_card
from landwright.bundles.locate import HUB_ID, contained, locate
from landwright.bundles.weights import checksum
from landwright.bundles.words import with_words
from landwright.engine.score import choose_device
from landwright.errors import UsageError
from landwright.evaluation.suite.definition import near
from landwright.evaluation.suite.result import Making
from landwright.evaluation.suite.runner import Opener
from landwright.evaluation.suite.segmenter import Words
from landwright.evaluation.suite.store import slug
from landwright.legends.vocabulary import Vocabulary
from landwright.networks.clip import ClipNetwork
from landwright.networks.clip.jbu import make_upsampler
from landwright.networks.clip.network import ATTENTIONS
from landwright.networks.clip.rule import SCALE
from landwright.networks.registry import choose
from landwright.words import (
    DenseClip,
    ModelInfo,
    Preset,
    find_weights,
    list_models,
    load_preset,
    model_info,
)
from landwright.words.features import text_fingerprint
from landwright.words.registry import OWN
from landwright.words.upsamplers import load_upsampler

TEMPLATES = "imagenet80"
"""Sentences around the words, as in both published pipelines."""

REFERENCE = "reference"
"""The activation of the published evaluation, see :class:`landwright.words.ModelInfo`."""

DEFAULT_ARCHITECTURE = "ViT-B-16"


@dataclass(frozen=True)
class PublishedModel:
    """A model of the registry.

    Attributes:
        name: Its name.
        preset: Settings.
        attention: Attention of the last layer; that of the preset without it.
        device: Where to compute.
        as_published: Take the activation that the published evaluation took, where the model was trained with another.
    """

    name: str
    preset: Preset
    attention: str | None
    device: torch.device
    as_published: bool = False

    def open(self) -> Words:
        """Find the weights and load them."""
        info = model_info(self.name)
        path = find_weights(info)
        activation = info.reference_activation if self.as_published else None
        settings = _settings(self.preset, info, self.attention)
        dense = DenseClip(self.name, path, activation=activation, device=self.device, **settings)
        return Words(
            _making(self.name, info, checksum(path), dense.network, dense.options, self.preset, published=True),
            self.preset,
            info.mean,
            info.std,
            lambda words: dense.words_network(words, self.preset, TEMPLATES),
        )


@dataclass(frozen=True)
class BundleModel:
    """A bundle of a model of words.

    Attributes:
        where: Bundle folder, run folder or hub id.
        preset: Settings.
        attention: Attention of the last layer; that of the preset without it.
        device: Where to compute.
    """

    where: str
    preset: Preset
    attention: str | None
    device: torch.device

    @property
    def name(self) -> str:
        """Name in the table: the folder's."""
        return slug(self.where)

    def open(self) -> Words:
        """Load the bundle; its words, and its settings where the preset has some, give way to those of the suite."""
        bundle = load_bundle(self.where, device=self.device)
        card, network = bundle.card, bundle.network
        if not isinstance(network, ClipNetwork) or card.words is None:
            raise _without_words(self.where, card.network.name)
        if len(card.bands) != 3:
            raise UsageError(
                f"takes {len(card.bands)} bands, but the data sets have 3", path=self.where, remedy="Take another model"
            )
        info = model_info(card.words.model)
        settings = _settings(self.preset, info, self.attention)
        options = {**card.network.options, **settings}
        if options["attention"] == "proxy" and "guide" not in options:
            raise UsageError(
                "has no guide, which attention 'proxy' needs",
                path=self.where,
                remedy="Import it with --set attention=proxy --set guide=NAME",
            )
        weights = card.weights_sha256 or checksum(contained(locate(self.where), card.weights))
        making = _making(self.name, info, weights, network, options, self.preset, published=card.regime == "imported")

        def network_for(vocabulary: Vocabulary) -> ClipNetwork:
            found = with_words(
                bundle, vocabulary, templates=TEMPLATES, preset=self.preset.name, settings=settings
            ).network
            assert isinstance(found, ClipNetwork)
            return found

        return Words(making, self.preset, tuple(card.normalization.mean), tuple(card.normalization.std), network_for)


def find_models(
    names: Sequence[str], preset: str, *, attention: str | None, device: str, activation: str | None = None
) -> list[Opener]:
    """Find models by name, without loading them.

    Args:
        names: Registry names, and folders or hub ids of bundles.
        preset: Name of the preset.
        attention: Attention of the last layer; that of the preset without it. Models that bring their own last layer
            keep it, as in the published evaluation.
        device: ``auto``, ``cpu``, ``cuda``, ...
        activation: ``reference`` takes the activation that the published evaluation took, for models of the registry
            that were trained with another; bundles keep theirs.

    Raises:
        UsageError: There is no such model, preset, attention, activation or device, a model knows no words, or
            two models would have one name in the table.
        DataError: A bundle is damaged.
    """
    chosen, place = load_preset(preset), choose_device(device)
    if attention is not None:
        choose("attention", attention, ATTENTIONS)
    if activation is not None:
        choose("activation", activation, (REFERENCE,))
    found = [_find(name, chosen, attention, place, activation == REFERENCE) for name in names]
    labels = [one.name for one in found]
    if twice := [name for name, label in zip(names, labels, strict=True) if labels.count(label) > 1]:
        raise UsageError(
            f"{' and '.join(twice)} would have one name in the table", remedy="Rename the folder of a bundle"
        )
    return found


def _find(name: str, preset: Preset, attention: str | None, device: torch.device, as_published: bool) -> Opener:
    known = [model for model in list_models() if model != OWN]
    if name in known:
        return PublishedModel(name, preset, attention, device, as_published)
    if name == OWN and not Path(name).exists():
        raise UsageError(
            "a checkpoint of your own has to be a bundle first",
            remedy="Make one: landwright models import FILE --as own -o BUNDLE, and name BUNDLE",
        )
    if not Path(name).exists() and not HUB_ID.fullmatch(name):
        raise UsageError(
            f"there is no model {name!r} in the registry, and no such bundle",
            remedy=near(name, known, "The registry has"),
        )
    card = read_card(contained(locate(name), CARD))
    if card.words is None:
        raise _without_words(name, card.network.name)
    return BundleModel(name, preset, attention, device)


def _without_words(where: str, network: str) -> UsageError:
    return UsageError(
        f"is a model without words (network {network!r}); a suite needs one that is told what to look for",
        path=where,
        remedy="Take a dual encoder: a registry name, or a bundle that `models import` or regime words made of one",
    )


def _settings(preset: Preset, info: ModelInfo, attention: str | None) -> dict[str, Any]:
    """The network's options that the suite settles; what a model brings with it stays as it is."""
    own = {"attention": info.attention, "residual": info.residual}
    asked = {} if attention is None else {"attention": attention}
    return {**preset.network, **asked, **{name: value for name, value in own.items() if value is not None}}


def _making(
    name: str,
    info: ModelInfo,
    weights: str,
    network: ClipNetwork,
    options: dict[str, Any],
    preset: Preset,
    *,
    published: bool,
) -> Making:
    crop = preset.crop or network.encoder.native
    return Making(
        model=name,
        published=info.name if published else None,
        weights=weights,
        architecture=str(options.get("architecture", DEFAULT_ARCHITECTURE)),
        activation=options.get("activation", "quick_gelu"),
        preset=preset.name,
        attention=options["attention"],
        fixed=info.attention is not None,
        residual=options["residual"],
        sigma=options.get("sigma", 1.0),
        zoom=options.get("zoom", 1.0),
        bias=options["bias"],
        upsampler=options["upsampler"],
        upsampler_weights=_upsampler_hash(network, options["upsampler"]),
        guide=options.get("guide"),
        templates=TEMPLATES,
        thresholded=preset.thresholds,
        resize=preset.resize,
        crop=crop,
        stride=preset.stride or crop // 2,
        window=options["window"],
        scale=options.get("scale", SCALE),
    )


def _upsampler_hash(network: ClipNetwork, name: str) -> str | None:
    """What tells an upsampler's weights from others: the network's own, or those in the folder of weights."""
    module = make_upsampler(name, network.encoder.embed_dim)
    if module is None:
        return None
    if isinstance(network.upsampler, type(module)):
        module = network.upsampler
    else:
        load_upsampler(module, name)
    return text_fingerprint(module.state_dict())
