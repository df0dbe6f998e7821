"""What classes are chosen from, and what a model of words is asked for."""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.engine.decode import ByLogit, ByProbability, ByQuery, Decoder
from landwright.engine.heads import ClassHead, Head, QueryHead
from landwright.engine.merge import Merger
from landwright.engine.options import PredictOptions
from landwright.engine.stream import Tiling
from landwright.errors import UsageError
from landwright.networks import Outputs
from landwright.networks.clip.rule import QueryRule
from landwright.networks.clip.slide import HasSimilarities, slide


class ClassScores(NamedTuple):
    """What is averaged over windows, and how classes are chosen from it afterwards."""

    head: Head
    decoder: Decoder


def class_scores(bundle: Bundle, merger: Merger | None, *, averages_logits: bool) -> ClassScores:
    """Settle from what the classes of a map are chosen.

    Args:
        bundle: The model: of words, whose similarities are averaged, or with logits.
        merger: Sums probabilities of classes that become one, or None.
        averages_logits: Average logits, as published with RS3DAda, instead of probabilities.
    """
    classes, rule = len(bundle.card.legend), query_rule_of(bundle.network)
    if rule is not None:
        return ClassScores(QueryHead(rule.queries), ByQuery(rule, merger))
    if averages_logits:
        return ClassScores(ClassHead(classes, averages_logits=True), ByLogit(merger))
    return ClassScores(ClassHead(classes, merger), ByProbability(partial=merger is not None and merger.partial))


def query_rule_of(network: nn.Module) -> QueryRule | None:
    """Return the rule by which a network's similarities become classes, or None where it is no model of words."""
    rule = getattr(network, "rule", None)
    return rule if isinstance(rule, QueryRule) else None


def check_words(bundle: Bundle, options: PredictOptions) -> int:
    """Refuse options that only a model of words has a meaning for, or that do not go with the model's preset.

    Returns:
        Length in pixels that the longer side of images is brought to first, or 0.

    Raises:
        UsageError: An option does not fit.
    """
    if query_rule_of(bundle.network) is None:
        for name, given in (("--resize", options.resize is not None), ("--snap", options.snap is not None)):
            if given:
                raise UsageError(
                    f"{name} is for models of words, and {bundle.card.name} is none",
                    remedy=f"Leave {name} out, or map with --words",
                )
        return 0
    side = options.resize
    if side is None:
        side = (bundle.card.words.resize or 0) if bundle.card.words is not None else 0
    if not side:
        return 0
    whole = f"images are brought to {side} pixels before windows are cut"
    if options.at_gsd is not None:
        raise UsageError(
            f"{whole}, whatever the size of their pixels, so that --at-gsd has no meaning",
            remedy="Leave it out, or map with --preset landwright",
        )
    if options.blend not in {None, "uniform"}:
        raise UsageError(
            f"{whole} and averaged as published, so that blend {options.blend} has no meaning",
            remedy="Leave it out, or map with --preset landwright",
        )
    return side


def asked(network: nn.Module, windows: Tiling | None) -> nn.Module:
    """Return what the engine asks of a network: of a model of words its similarities, else what it is."""
    return network if query_rule_of(network) is None else Similarities(network, windows)


class Similarities(nn.Module):
    """Asks a model of words for its similarities and nothing else: classes are chosen when windows are averaged.

    Args:
        network: Has ``similarities(image)``.
        windows: Cut images into the published windows, of which the mean is taken (`networks.clip.slide`); None shows
            the image whole.
    """

    def __init__(self, network: nn.Module, windows: Tiling | None = None) -> None:
        """Keep the network."""
        super().__init__()
        self.network = network
        self._windows = windows

    def forward(self, image: Tensor) -> Outputs:
        """Return the similarities (B, Q, H, W) of normalised images (B, C, H, W)."""
        network = cast(HasSimilarities, self.network)
        if self._windows is None:
            return Outputs(None, queries=network.similarities(image))
        windows = self._windows
        return Outputs(
            None, queries=slide(network, image, crop=windows.tile, stride=windows.stride, batch=windows.batch)
        )
