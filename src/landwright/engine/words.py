"""From words and the name of a model to a bundle that looks for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.bundles import Bundle, load_bundle
from landwright.bundles.words import VOCABULARY, with_words, words_bundle
from landwright.engine.queries import query_rule_of
from landwright.errors import UsageError
from landwright.legends.vocabulary import Vocabulary, load_vocabulary, parse_words
from landwright.networks.sam3 import Sam3Network
from landwright.words.presets import DEFAULT_PRESET, load_preset
from landwright.words.registry import DEFAULT_MODEL, list_models


@dataclass(frozen=True)
class WordOptions:
    """What is looked for, and how; None leaves it to the model.

    Attributes:
        words: Classes in one line, such as ``"building, roof; road; tree, forest; water"``.
        vocabulary: Shipped vocabulary or vocabulary file instead.
        preset: ``landwright``, ``rs-ovss`` or ``segearth-ov``. Settings that a bundle was given by themselves hold
            against it.
        attention: Attention of the last layer.
        upsampler: How features reach pixels.
        templates: Sentences around the words: ``imagenet80``, ``single``, ``satellite`` or a text file.
        threshold: Probability in [0, 1] below which a pixel goes to the background class; for SAM 3, a score.

    Raises:
        UsageError: Words come from two sides, or the threshold is out of its range.
    """

    words: str | None = None
    vocabulary: str | PathLike[str] | None = None
    preset: str | None = None
    attention: str | None = None
    upsampler: str | None = None
    templates: str | PathLike[str] | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before a model is loaded."""
        if self.words is not None and self.vocabulary is not None:
            raise UsageError("words and a vocabulary are both given", remedy="Give --words or --vocabulary")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(f"threshold {self.threshold} is not a probability", remedy="Use 0.3, or 0 for none")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the options that are given."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)

    @property
    def settings(self) -> dict[str, str]:
        """Options of the network among them."""
        chosen = {"attention": self.attention, "upsampler": self.upsampler}
        return {name: value for name, value in chosen.items() if value is not None}

    def named(self) -> Vocabulary | None:
        """Read the vocabulary that is named, or return None.

        Raises:
            UsageError: The words are no vocabulary, or no vocabulary has the name.
            DataError: The file is missing or not valid.
        """
        if self.words is not None:
            return parse_words(self.words)
        return None if self.vocabulary is None else load_vocabulary(self.vocabulary)


def find_model(model: Bundle | str | PathLike[str] | None, options: WordOptions) -> Bundle:
    """Return a model, made to look for words where some are given.

    Args:
        model: A loaded bundle, a bundle's folder or hub id, the name of a published vision-language model
            (`words.list_models`), or None for the default one, which needs words.
        options: What to look for, and how.

    Returns:
        The bundle; as it was loaded where no option is given.

    Raises:
        UsageError: No model is named and no words are given, or the model is not one of words.
        DataError: The model's weights are not here and cannot be had, or a file is missing or damaged.
    """
    vocabulary = options.named()
    if model is None and vocabulary is None:
        raise UsageError("no model is named", remedy="Name one with --model, or what to look for with --words")
    name = DEFAULT_MODEL if model is None else str(model)
    if not isinstance(model, Bundle) and name in list_models() and not Path(name).exists():
        wanted = _thresholded(vocabulary or load_vocabulary(VOCABULARY), options, DEFAULT_PRESET)
        return words_bundle(
            name, vocabulary=wanted, templates=options.templates, preset=options.preset, settings=options.settings
        )
    bundle = model if isinstance(model, Bundle) else load_bundle(name)
    return _looking(bundle, vocabulary, options) if options.given else bundle


def _looking(bundle: Bundle, vocabulary: Vocabulary | None, options: WordOptions) -> Bundle:
    before = bundle.card.words
    if query_rule_of(bundle.network) is None or before is None:
        raise UsageError(
            f"--{options.given[0]} is for models of words, and {bundle.card.name} is none",
            remedy="Leave it out, or name a vision-language model, such as --model clip-b16",
        )
    wanted, settings = vocabulary or before.vocabulary, dict[str, Any](options.settings)
    if not isinstance(bundle.network, Sam3Network):
        wanted = _thresholded(wanted, options, before.preset)
    elif options.threshold is not None:  # thresholds of vocabularies are for shares, which SAM 3's scores are not
        settings["threshold"] = options.threshold
    return with_words(bundle, wanted, templates=options.templates, preset=options.preset, settings=settings)


def _thresholded(vocabulary: Vocabulary, options: WordOptions, preset: str) -> Vocabulary:
    """Give all classes the one threshold that is asked for, if one is.

    Raises:
        UsageError: The preset takes no thresholds, or there is no background class for pixels below it.
    """
    if options.threshold is None:
        return vocabulary
    preset = options.preset or preset
    if not load_preset(preset).thresholds:
        raise UsageError(
            f"preset {preset} takes no thresholds, as published",
            remedy="Choose --preset landwright or segearth-ov, or turn unsure pixels into nodata with --min-confidence",
        )
    if options.threshold and vocabulary.background is None:
        raise UsageError(
            "a threshold sends pixels to the background class, and the words have none",
            remedy="Add one, such as background, or turn unsure pixels into nodata with --min-confidence",
        )
    content = vocabulary.model_dump() | {"threshold": options.threshold}
    content["classes"] = [entry | {"threshold": None} for entry in content["classes"]]
    return Vocabulary.model_validate(content)
