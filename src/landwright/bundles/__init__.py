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
)
from landwright.bundles.errors import Misshaped, StateMismatchError
from landwright.bundles.save import save_bundle

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
    "available",
    "load_bundle",
    "save_bundle",
]
