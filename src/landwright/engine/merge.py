"""Merge classes by summing their probabilities, before the most probable class is chosen."""

from __future__ import annotations

from torch import Tensor

from landwright.errors import UsageError
from landwright.legends import IGNORE, Crosswalk, Legend, list_crosswalks, load_crosswalk


def fitting_crosswalks(*, source: Legend | None = None, target: Legend | None = None) -> list[str]:
    """Return the shipped crosswalks that lead from the classes of ``source`` to those of ``target``.

    Args:
        source: Classes to translate, or None for any.
        target: Classes wanted, or None for any.
    """
    tables = [load_crosswalk(name) for name in list_crosswalks()]
    return [
        table.name
        for table in tables
        if (source is None or table.source_legend.same_classes(source))
        and (target is None or table.target_legend.same_classes(target))
    ]


def check_merge(crosswalk: Crosswalk, legend: Legend) -> None:
    """Refuse a crosswalk that does not start from the classes of a map.

    Args:
        crosswalk: From the map's classes to fewer.
        legend: Classes of the map.

    Raises:
        UsageError: The crosswalk starts from other classes; the remedy names those that fit.
    """
    if crosswalk.source_legend.same_classes(legend):
        return
    known = fitting_crosswalks(source=legend)
    raise UsageError(
        f"crosswalk {crosswalk.name} merges the classes of {crosswalk.source}, but the map has those of {legend.name}",
        remedy=f"Merge with {' or '.join(known)}"
        if known
        else f"No shipped crosswalk starts from {legend.name}; give a .yaml file with rules for its classes",
    )


class Merger:
    """Sums the probabilities of the classes that a crosswalk leads to one target.

    Classes without a target take no part: their probability is left out, so that the sums may stay below 1. They are
    not scaled to 1 here, because that would give a window that sees almost nothing but such a class as much say as one
    that is sure of a target; what is left is divided out after the windows are blended (`decode.ByProbability`).

    Args:
        crosswalk: From the network's classes to the map's.

    Attributes:
        targets: Index of every class's target, or None.
        classes: Number of target classes.
        partial: Whether a class has no target.
    """

    def __init__(self, crosswalk: Crosswalk) -> None:
        """Look up the target of every class."""
        table = crosswalk.index_lut()[: len(crosswalk.source_legend)]
        self.targets = [None if index == IGNORE else int(index) for index in table]
        self.classes = len(crosswalk.target_legend)
        self.partial = None in self.targets

    def __call__(self, scores: Tensor) -> Tensor:
        """Turn probabilities (B, K, H, W) into sums (B, targets, H, W)."""
        batch, _, height, width = scores.shape
        merged = scores.new_zeros((batch, self.classes, height, width))
        for index, target in enumerate(self.targets):
            if target is not None:
                merged[:, target] += scores[:, index]
        return merged
