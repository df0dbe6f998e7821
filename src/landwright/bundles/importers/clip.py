"""Checkpoints of dual encoders and SAM 3, which become models of words."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.bundles.bundle import Bundle
from landwright.bundles.card import Card, NetworkCard, Normalization, TilingCard, WordsCard
from landwright.bundles.importers.settings import count, number, switch
from landwright.bundles.sam3 import BARE, refuse_sentences
from landwright.bundles.words import FILES, ONCE, SETTINGS, VOCABULARY, words_bundle
from landwright.legends.vocabulary import Vocabulary, load_vocabulary
from landwright.networks import create_network, network_info
from landwright.networks.registry import choose
from landwright.networks.sam3 import CONFIDENCE
from landwright.tensors import fill
from landwright.words.registry import list_models
from landwright.words.sam3 import SCORES, published_scores, read_sam3, sam3_thresholds, word_ids

SAM3 = "sam3"
_POSITIVE = ("sigma", "zoom", "scale")

SETTING_WORDS: Mapping[str, str] = {
    "activation": "quick_gelu or gelu, where it is not the model's own; `own` needs it",
    "context": "number of text tokens, where the file is not as published (77, or 248 for LongCLIP)",
    "attention": "segearth (default), vanilla, maskclip, sclip, clearclip, naclip, nonly, gav, gem or proxy",
    "residual": "true or false",
    "sigma": "width of the neighbourhood of naclip, nonly and gav in patches",
    "bias": "factor of the whole window's similarity, such as -0.3",
    "upsampler": "none (default), bilinear, jbu-one or jbu-stack",
    "upsampler_weights": "file of the upsampler",
    "window": "as-is (default) or native",
    "zoom": "by how much windows are enlarged",
    "scale": "factor of similarities before the softmax, 50 by default",
    "guide": "timm's name of the encoder of attention proxy",
    "guide_weights": "file of the guide",
}
"""What ``--set key=value`` may say of a dual encoder, in words."""


def is_model_of_words(name: str) -> bool:
    """Tell whether a name of ``--as`` is that of a model of words."""
    return name == SAM3 or name in list_models()


def import_words(
    file: str | PathLike[str],
    name: str,
    *,
    settings: Mapping[str, str],
    vocabulary: Vocabulary | str | PathLike[str] | None = None,
    templates: str | PathLike[str] | None = None,
    preset: str | None = None,
) -> Bundle:
    """Read the weights of a dual encoder, or a folder of SAM 3, and make a bundle that looks for words.

    Args:
        file: The weights.
        name: Name of the model, or ``sam3``.
        settings: See :data:`SETTING_WORDS`. Of ``sam3``, ``confidence`` and ``threshold``; by default the published
            ones of the vocabulary, else 0.5 and 0.
        vocabulary: Classes and words, or the name or file of a vocabulary; by default ``openearthmap``.
        templates: Sentences around the words.
        preset: Settings that go together. ``sam3`` takes neither templates nor a preset.

    Raises:
        UsageError: A setting is unknown or does not fit, or a word cannot be read by the model.
        DataError: The weights are missing, damaged, or not those of the model.
    """
    if name == SAM3:
        refuse_sentences(templates, preset)
        return _import_sam3(file, settings, vocabulary or VOCABULARY)
    values = {key: _value(key, text) for key, text in settings.items()}
    return words_bundle(name, file, vocabulary or VOCABULARY, templates=templates, preset=preset, settings=values)


def _import_sam3(
    folder: str | PathLike[str], settings: Mapping[str, str], vocabulary: Vocabulary | str | PathLike[str]
) -> Bundle:
    given = {choose("setting", key, SCORES): number(key, text) for key, text in settings.items()}
    words = vocabulary if isinstance(vocabulary, Vocabulary) else load_vocabulary(vocabulary)
    scores = {"confidence": CONFIDENCE, "threshold": 0.0, **(published_scores(words) or {}), **given}
    rule: dict[str, Any] = {"synonyms": list(words.synonyms), "confidence": scores["confidence"]}
    if thresholds := sam3_thresholds(words, scores["threshold"]):
        rule |= {"thresholds": list(thresholds), "background": words.background}
    options, state = read_sam3(folder)
    options |= rule
    network = create_network(SAM3, classes=len(words), **options)
    state = {**state, "queries": word_ids(words.queries)}
    fill(network, state, name=SAM3, path=Path(folder), remedy="Copy the folder again from its source")
    info = network_info(SAM3, **options)
    card = Card(
        name=Path(folder).name,
        regime="imported",
        network=NetworkCard(name=SAM3, options=options, classes=len(words)),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
        legend=words.legend(),
        tiling=TilingCard(tile=info.default_tile, overlap=0.25),
        words=WordsCard(model=SAM3, vocabulary=words, templates=BARE, settings=tuple(sorted(given))),
        licence="SAM License (Meta)",
    )
    return Bundle(card, network.eval())


def _value(key: str, text: str) -> Any:
    choose("setting", key, (*SETTINGS, *ONCE))
    if key == "residual":
        return switch(key, text)
    if key == "context":
        return count(key, text)
    if key in (*_POSITIVE, "bias"):
        return number(key, text, positive=key in _POSITIVE)
    return str(Path(text).expanduser()) if key in FILES else text
