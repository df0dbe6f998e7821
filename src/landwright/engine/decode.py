"""From averaged scores to one class per pixel: of probabilities, of logits, of similarities to words."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from landwright.engine.measures import MEASURES, Measure
from landwright.engine.merge import Merger
from landwright.errors import UsageError
from landwright.networks.clip.rule import QueryRule

_NOTHING = 1e-6


class Decision(NamedTuple):
    """What is said of some rows of the map.

    Attributes:
        indices: (n, W) uint8 index of the class.
        probability: (n, W) float32 probability of that class.
        known: (n, W) bool, False where there is nothing to choose from; None where there always is.
    """

    indices: Tensor
    probability: Tensor
    known: Tensor | None = None


class Decoder(Protocol):
    """Reads averaged scores for `classmap.ClassMap` and `probabilitymap.ProbabilityMap`; it leaves them as they are."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What can be made of its probabilities, see `measures.certainty`."""

    def __call__(self, scores: Tensor) -> Decision:
        """Choose a class for every pixel of averaged scores (channels, n, W)."""

    def probabilities(self, scores: Tensor) -> Tensor:
        """Return the probability of every class (K, n, W), in 0..1 but for rounding; it may be ``scores`` itself.

        Where there is nothing to choose from they are NaN.
        """


class ByProbability:
    """The most probable class.

    Args:
        partial: The scores of a pixel may add up to less than 1, because some classes are not among them. The
            probability told is then that of the class given that the pixel is of one among them; where less than a
            millionth is left, there is nothing to choose from.
    """

    def __init__(self, *, partial: bool = False) -> None:
        """Note whether the probabilities are complete."""
        self._partial = partial
        self.measures = MEASURES

    def __call__(self, scores: Tensor) -> Decision:
        """Choose by probabilities (K, n, W)."""
        indices, best = most_probable(scores)
        if not self._partial:
            return Decision(indices, best)
        total = scores.sum(dim=0)
        known = total >= _NOTHING
        return Decision(indices, best.div_(total.clamp_(min=_NOTHING)), known)

    def probabilities(self, scores: Tensor) -> Tensor:
        """Return those (K, n, W) given that the pixel is of one of the classes."""
        if not self._partial:
            return scores
        total = scores.sum(dim=0)
        return scores / total.masked_fill_(total < _NOTHING, torch.nan)


class ByLogit:
    """The class of the largest averaged logit, or of the largest merged probability.

    Args:
        merger: Sums the probabilities that are made of the averaged logits, or None.
    """

    def __init__(self, merger: Merger | None = None) -> None:
        """Keep the merger."""
        self._merger = merger
        self.measures = MEASURES

    def __call__(self, scores: Tensor) -> Decision:
        """Choose by logits (K, n, W)."""
        if self._merger is not None:
            return _merged(scores.softmax(dim=0), self._merger)
        indices, best = most_probable(scores)
        # The class is chosen by the logits themselves, whose differences a softmax may round away.
        return Decision(indices, best.sub_(scores.logsumexp(dim=0)).exp_())

    def probabilities(self, scores: Tensor) -> Tensor:
        """Return the softmax of logits, merged (K, n, W)."""
        return _merged_probabilities(scores.softmax(dim=0), self._merger)


class ByQuery:
    """The class of the word that is most similar, by the rule of the network.

    Merged are the probabilities that the rule gives to its classes. A pixel that the rule sends to the background for
    want of a class above its threshold belongs to what the background is merged into.

    Args:
        rule: From similarities to classes.
        merger: Sums the probabilities of classes, or None.
    """

    def __init__(self, rule: QueryRule, merger: Merger | None = None) -> None:
        """Keep both, and see which measures the rule leaves a meaning."""
        self._rule, self._merger = rule, merger
        # A pixel sent to the background has not its most probable class; shares of synonyms, and scores that do not
        # compete, do not add up to 1.
        if any(rule.thresholds):
            self.measures: tuple[str, ...] = ("max",)
        elif rule.scale is None or rule.queries > rule.classes:
            self.measures = ("max", "margin")
        else:
            self.measures = MEASURES

    def __call__(self, scores: Tensor) -> Decision:
        """Choose by similarities (Q, n, W)."""
        if self._merger is None:
            return Decision(*self._rule.decide(scores))
        probabilities = self._rule.probabilities(scores, dim=0)
        decision = _merged(probabilities, self._merger)
        if self._rule.background is None or not any(self._rule.thresholds):
            return decision
        winner, best = most_probable(probabilities)
        below = best < torch.tensor(self._rule.thresholds, device=best.device)[winner.long()]
        indices, probability, known = decision
        target = self._merger.targets[self._rule.background]
        if target is None:
            known = ~below if known is None else known & ~below
            return Decision(indices, probability, known)
        return Decision(
            indices.masked_fill(below, target),
            torch.where(below, best, probability),
            None if known is None else known | below,
        )

    def probabilities(self, scores: Tensor) -> Tensor:
        """Return the shares that the rule gives to its classes, merged (K, n, W)."""
        return _merged_probabilities(self._rule.probabilities(scores, dim=0), self._merger)


def check_measure(measure: Measure, decoder: Decoder, classes: int) -> None:
    """Refuse a measure that means nothing for a map.

    Args:
        measure: How sure the map is of a pixel.
        decoder: Chooses its classes.
        classes: Number of classes in the map.

    Raises:
        UsageError: There is nothing to compare, or the model's scores are no probabilities that add up to 1.
    """
    if measure != "max" and classes < 2:
        raise UsageError(
            f"confidence by {measure} compares classes, and the map has a single one",
            remedy="Use the measure max, the class's own probability",
        )
    if measure not in decoder.measures:
        raise UsageError(
            f"confidence by {measure} needs class probabilities that compete and add up to 1; the words of this model "
            "have synonyms or thresholds, or its scores do not compete",
            remedy=f"Use the measure {' or '.join(decoder.measures)}",
        )


def _merged_probabilities(probabilities: Tensor, merger: Merger | None) -> Tensor:
    if merger is None:
        return probabilities
    return ByProbability(partial=merger.partial).probabilities(merger(probabilities[None])[0])


def _merged(probabilities: Tensor, merger: Merger) -> Decision:
    return ByProbability(partial=merger.partial)(merger(probabilities[None])[0])


def most_probable(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the index (n, W) uint8 of the largest of K scores (K, n, W), the first of equals, and the score."""
    if scores.device.type == "cpu":
        # The same in numpy, whose comparisons take a tenth of the time.
        indices, best = _largest(np, scores.numpy())
        return torch.from_numpy(indices), torch.from_numpy(best)
    indices, best = _largest(torch, scores)
    return indices, best


def _largest(library: Any, scores: Any) -> tuple[Any, Any]:
    # Quicker than argmax over the first axis, which walks it pixel by pixel and writes 64-bit indices.
    best = scores[0] + 0
    indices = library.zeros_like(best, dtype=library.uint8)
    larger = library.empty_like(best, dtype=library.bool)
    bytes_of = larger.view(library.uint8)
    for index in range(1, len(scores)):
        # A later index is also the larger one, so that bytes can be combined without a mask.
        library.greater(scores[index], best, out=larger)
        library.multiply(bytes_of, index, out=bytes_of)
        library.maximum(indices, bytes_of, out=indices)
        library.maximum(best, scores[index], out=best)
    return indices, best
