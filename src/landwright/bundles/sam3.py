"""Bundles of SAM 3, made to look for other words."""

from __future__ import annotations

from os import PathLike
from typing import Any

from landwright.bundles.card import Card, WordsCard
from landwright.errors import UsageError
from landwright.legends.vocabulary import Vocabulary
from landwright.networks.sam3 import CONFIDENCE, Sam3Network
from landwright.words.sam3 import SCORES, derive_sam3, published_scores

BARE = "bare"
"""What the card says of the sentences around words: there are none."""


def refuse_sentences(templates: str | PathLike[str] | None, preset: str | None) -> None:
    """Refuse what only dual encoders take.

    Raises:
        UsageError: Templates or a preset are given.
    """
    for option, means, given in (("templates", "templates mean", templates), ("preset", "a preset means", preset)):
        if given is not None:
            raise UsageError(
                f"SAM 3 takes bare words and whole images; {means} nothing for it", remedy=f"Leave {option} out"
            )


def other_words(
    card: Card, network: Sam3Network, words: Vocabulary, given: dict[str, float]
) -> tuple[Sam3Network, dict[str, Any], WordsCard]:
    """Make SAM 3 look for other words.

    Confidence and threshold are those that are given now, else those given when the bundle was made, else the published
    ones of the vocabulary. Where there are none, the network keeps its own, but not the published ones of other words.

    Args:
        card: The bundle's card.
        network: Its network.
        words: What to look for.
        given: ``confidence`` and ``threshold``, those of them that are asked for.

    Returns:
        A network that shares the weights of the other, all its options, and the card's section on words.

    Raises:
        UsageError: A word cannot be read, a value is out of its range, or there is a threshold but no background class.
    """
    before = card.words
    held = () if before is None else before.settings
    published = published_scores(words)
    if published is None and before is not None and published_scores(before.vocabulary) is not None:
        published = {"confidence": CONFIDENCE, "threshold": 0.0}
    free = {name: value for name, value in (published or {}).items() if name not in held}
    derived = derive_sam3(network, words, **{**free, **given})
    rule = {
        "confidence": derived.confidence,
        "synonyms": list(words.synonyms),
        "thresholds": list(derived.rule.thresholds) or None,
        "background": words.background if derived.rule.thresholds else None,
    }
    own = {name: value for name, value in card.network.options.items() if name not in rule}
    options = {**own, **{name: value for name, value in rule.items() if value is not None}}
    section = WordsCard(
        model=card.network.name if before is None else before.model,
        vocabulary=words,
        templates=BARE,
        settings=tuple(name for name in SCORES if name in held or name in given),
    )
    return derived, options, section
