"""What a regime hands to the trainer: one module and one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch.utils.data import Dataset

from landwright.bundles.card import Card
from landwright.data.splits import Split
from landwright.regimes.module import RegimeModule


@dataclass(frozen=True)
class Experiment:
    """A recipe made concrete.

    Attributes:
        module: Network, loss and training step.
        train: Training items in the order in which they are used; item ``i`` depends on the recipe and ``i`` alone.
        val: Validation items.
        split: Which scene is in which part.
        card: Card of the bundle, without scores.
        notes: What a user may not expect of the training labels.
        remark: What a reader of the validation scores must know, to be put behind what they were measured on.
        figures: Names of the figures that the regime adds to those of the protocol.
        tags: Where tags come from, as ``landwright evaluate --tags`` takes it, or None.
    """

    module: RegimeModule
    train: Dataset[Any]
    val: Dataset[Any]
    split: Split
    card: Card
    notes: tuple[str, ...] = ()
    remark: str = ""
    figures: tuple[str, ...] = ()
    tags: str | None = None
