"""The model bundle: weights and all that prediction needs to know about them, in one folder."""

from landwright.bundles.bundle import Bundle, available, load_bundle
from landwright.bundles.card import (
    FORMAT,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Card,
    NetworkCard,
    Normalization,
    ScoreCard,
    TilingCard,
    WordsCard,
)
from landwright.bundles.save import save_bundle
from landwright.bundles.words import name_words, with_words, words_bundle
from landwright.tensors import Misshaped, StateMismatchError

__all__ = [
    "FORMAT",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Bundle",
    "Card",
    "Misshaped",
    "NetworkCard",
    "Normalization",
    "ScoreCard",
    "StateMismatchError",
    "TilingCard",
    "WordsCard",
    "available",
    "load_bundle",
    "name_words",
    "save_bundle",
    "with_words",
    "words_bundle",
]
