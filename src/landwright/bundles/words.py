"""Bundles of models of words: made from published weights, and made to look for other words."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.bundles.bundle import Bundle
from landwright.bundles.card import Card, NetworkCard, Normalization, TilingCard, WordsCard
from landwright.bundles.sam3 import other_words, refuse_sentences
from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import Vocabulary, load_vocabulary
from landwright.networks.clip import ClipNetwork
from landwright.networks.registry import choose
from landwright.networks.sam3 import Sam3Network
from landwright.words.checkpoints import read_clip
from landwright.words.derive import RULE, derive, rule_options
from landwright.words.loading import features_of, load_network
from landwright.words.presets import DEFAULT_PRESET, Preset, load_preset
from landwright.words.registry import DEFAULT_MODEL, OWN, ModelInfo, model_info
from landwright.words.sam3 import SCORES
from landwright.words.templates import NAMES, Templates, load_templates
from landwright.words.weights import find_weights

NETWORK = "clip"
VOCABULARY = "openearthmap"
"""Vocabulary of a bundle where none is named."""
TEMPLATES = "imagenet80"
FILES = ("upsampler_weights", "guide_weights")
"""Settings that name files."""
OPTIONS = ("attention", "residual", "sigma", "bias", "upsampler", "window", "zoom", "scale", "guide")
"""Options of the network that do not depend on its weights."""
SETTINGS = (*OPTIONS, "upsampler_weights")
"""Settings that a model of words may be given with its words."""
ONCE = ("activation", "context", "guide_weights")
"""Settings that only the reading of a checkpoint may be given."""


def words_bundle(
    model: str = DEFAULT_MODEL,
    file: str | PathLike[str] | None = None,
    vocabulary: Vocabulary | str | PathLike[str] = VOCABULARY,
    *,
    templates: str | PathLike[str] | None = None,
    preset: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Bundle:
    """Make a bundle of a published dual encoder, or of one of your own, that looks for words.

    Args:
        model: Name of the model, see ``landwright.words.list_models``.
        file: Its weights; by default they are looked for on this machine and on the hub.
        vocabulary: Classes and words, or the name or file of a vocabulary.
        templates: Sentences around the words: ``imagenet80`` (default), ``single``, ``satellite`` or a text file.
        preset: ``landwright`` (default), ``rs-ovss`` or ``segearth-ov``.
        settings: Options that go before those of the preset, and of every preset that the bundle is given later:
            :data:`SETTINGS`; also the file ``guide_weights`` for attention ``proxy``, and ``activation`` and
            ``context`` where the model's file is not as published.

    Returns:
        The bundle, in memory. Its card keeps the sentences of a text file, so that the file is not needed again.

    Raises:
        UsageError: A name or a setting is unknown or does not fit, or a word cannot be read by the model.
        DataError: The weights are not here, damaged, or not those of the model.
    """
    given = _checked(settings, (*SETTINGS, *ONCE))
    info, chosen, words = model_info(model), load_preset(preset or DEFAULT_PRESET), _vocabulary(vocabulary)
    path = find_weights(info) if file is None else Path(file).expanduser()
    reading = {name: given.pop(name) for name in ("activation", "context") if name in given}
    checkpoint = read_clip(path, info, **reading)
    files = {name: given.pop(name) for name in FILES if name in given}
    options = {**chosen.network, **_fixed(info), **given, **rule_options(words, thresholds=chosen.thresholds)}
    network = load_network(info.name, path, checkpoint, options, **files)
    used = {**checkpoint.options, **options}
    sentences = load_templates(templates or TEMPLATES)
    network.set_queries(
        features_of(network, used, words.queries, sentences),
        words.synonyms,
        thresholds=used.get("thresholds", ()),
        background=used.get("background"),
    )
    card = Card(
        name=path.stem,
        regime="imported",
        network=NetworkCard(name=NETWORK, options=used, classes=len(words)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=info.mean, std=info.std),
        legend=words.legend(),
        tiling=_tiling(chosen, network.encoder.native),
        words=WordsCard(
            model=info.name,
            vocabulary=words,
            templates=sentences.name,
            prompts=sentences.kept,
            preset=chosen.name,
            settings=tuple(sorted(given)),
            resize=chosen.resize,
            note=checkpoint.note,
        ),
        licence=None if info.name == OWN else info.licence_words,
    )
    return Bundle(card, network)


def with_words(
    bundle: Bundle,
    vocabulary: Vocabulary | str | PathLike[str] | None = None,
    *,
    templates: str | PathLike[str] | None = None,
    preset: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Bundle:
    """Make a model of words look for other words, or look in another way.

    Args:
        bundle: A bundle of the network ``clip`` or ``sam3``.
        vocabulary: Classes and words, or the name or file of a vocabulary; by default those of the bundle.
        templates: Sentences around the words; by default those of the bundle. ``sam3`` takes none.
        preset: Settings to take; by default the bundle keeps its own. Settings that were given by themselves, now or
            when the bundle was made, hold against it, as those of :class:`landwright.words.DenseClip` do; the card
            names them. ``sam3`` takes none.
        settings: Options that go before those of the preset: :data:`SETTINGS`. Of ``sam3``, ``confidence`` and
            ``threshold``; where not given, those given when the bundle was made, else the published ones of the
            vocabulary, else the network's own.

    Returns:
        Another bundle, in memory. Its network is another one that shares the weights of the first.

    Raises:
        UsageError: The bundle is no model of words, a name or a setting is unknown or does not fit, or a word cannot be
            read by the model.
        DataError: Weights of an upsampler are not here, or do not fit, or the bundle names a file of sentences but
            does not hold them.
    """
    words = _vocabulary(_own(bundle) if vocabulary is None else vocabulary)
    if isinstance(bundle.network, Sam3Network):
        refuse_sentences(templates, preset)
        given = _checked(settings, SCORES)
        derived, options, section = other_words(bundle.card, bundle.network, words, given)
        seen = NetworkCard(name=bundle.card.network.name, options=options, classes=len(words))
        return Bundle(_other(bundle.card, words, {"network": seen, "words": section}), derived)
    if not isinstance(bundle.network, ClipNetwork):
        raise UsageError(
            f"{bundle.card.name} is a bundle of the network {bundle.card.network.name!r}, which knows no words",
            remedy="Take a model of words, such as farslip1-b16",
        )
    card, before = bundle.card, bundle.card.words
    given = _checked(settings, SETTINGS)
    chosen = None if preset is None else load_preset(preset)
    rule = load_preset(before.preset if before else DEFAULT_PRESET) if chosen is None else chosen
    own = {name: value for name, value in card.network.options.items() if name not in RULE}
    held = set(before.settings if before else ()) | set(given)
    new = {} if chosen is None else {**chosen.network, **_fixed(model_info(before.model if before else OWN))}
    new = {name: value for name, value in new.items() if name not in held}
    upsampler = given.pop("upsampler_weights", None)
    options = {**own, **new, **given, **rule_options(words, thresholds=rule.thresholds)}
    if options.get("attention") != "proxy":
        options.pop("guide", None)
    sentences = load_templates(templates or TEMPLATES) if templates or before is None else _kept(bundle, before)
    features = features_of(bundle.network, options, words.queries, sentences)
    network = derive(bundle.network, options, features, bands=len(card.bands), upsampler_weights=upsampler)
    resize = (before.resize if before else None) if chosen is None else chosen.resize
    update = {
        "network": NetworkCard(name=NETWORK, options=options, classes=len(words)),
        "tiling": card.tiling if chosen is None else _tiling(chosen, network.encoder.native),
        "words": WordsCard(
            model=before.model if before else OWN,
            vocabulary=words,
            templates=sentences.name,
            prompts=sentences.kept,
            preset=rule.name,
            settings=tuple(sorted(held & set(OPTIONS) & set(options))),
            resize=resize,
            note=before.note if before else None,
        ),
    }
    return Bundle(_other(card, words, update), network)


def name_words(bundle: Bundle) -> str | None:
    """Return the words of a bundle in one line, or None where it looks for none."""
    if bundle.card.words is None:
        return None
    return "; ".join(", ".join(entry.synonyms) for entry in bundle.card.words.vocabulary.classes)


def _kept(bundle: Bundle, words: WordsCard) -> Templates:
    """Return the sentences of a bundle, without looking for the file that they may be from."""
    if words.prompts:
        return Templates(words.templates, words.prompts)
    if words.templates not in NAMES:
        raise DataError(
            f"{bundle.card.name} names a file of sentences, {words.templates}, but does not hold them",
            path=bundle.path,
            remedy="Name the file with --templates",
        )
    return load_templates(words.templates)


def _other(card: Card, words: Vocabulary, update: Mapping[str, Any]) -> Card:
    """Return a card for other words: what was measured with the old ones is no longer true."""
    changed = {**update, "legend": words.legend(), "scores": (), "weights_sha256": None, "created": None}
    return Card.model_validate({**{name: getattr(card, name) for name in Card.model_fields}, **changed, "software": {}})


def _own(bundle: Bundle) -> Vocabulary:
    if bundle.card.words is None:
        raise UsageError(f"{bundle.card.name} names no words", remedy="Give words or a vocabulary")
    return bundle.card.words.vocabulary


def _vocabulary(found: Vocabulary | str | PathLike[str]) -> Vocabulary:
    return found if isinstance(found, Vocabulary) else load_vocabulary(found)


def _fixed(info: ModelInfo) -> dict[str, Any]:
    given = {"attention": info.attention, "residual": info.residual}
    return {name: value for name, value in given.items() if value is not None}


def _tiling(preset: Preset, native: int) -> TilingCard:
    tile = preset.crop or native
    stride = preset.stride or tile // 2
    return TilingCard.model_validate({"tile": tile, "overlap": 1 - stride / tile, "blend": preset.blend})


def _checked(settings: Mapping[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    for name in settings or {}:
        choose("setting", name, known)
    return dict(settings or {})
