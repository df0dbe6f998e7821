"""From a network's outputs and a mask to one number, by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from landwright.errors import UsageError
from landwright.losses.criteria import SMP_LOSSES, Criterion, EntropyCriterion, StructureCriterion, smp_criterion
from landwright.losses.masked import IGNORE, LABEL_SMOOTHING

DEEP_WEIGHTS = (0.15, 0.15, 0.3, 0.4)
LOSSES = ("clcformer", "ce", "ce-dice", *SMP_LOSSES)


class SupervisedOutputs(Protocol):
    """What a loss reads of a network's outputs."""

    @property
    def classes(self) -> Tensor | None:
        """Final logits (B, K, H, W)."""

    @property
    def auxiliary(self) -> tuple[Tensor, ...]:
        """Further logits (B, K, H, W), coarsest first."""


Loss = Callable[[SupervisedOutputs, Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class DeepSupervision:
    """Weighted sum of one criterion over the final map and its coarser companions.

    Attributes:
        criterion: Loss of one map.
        weights: One per map, the coarsest first, the final one last. A network without auxiliary maps is judged by
            its final map alone, with weight 1.
        branches: The auxiliary maps are branches whose mean is the final one: each is judged, with equal weights.
    """

    criterion: Criterion
    weights: tuple[float, ...] = DEEP_WEIGHTS
    branches: bool = False

    def __call__(self, outputs: SupervisedOutputs, mask: Tensor) -> dict[str, Tensor]:
        """Compare outputs with an integer mask (B, H, W).

        Args:
            outputs: Logits (B, K, H, W) at the mask's size.
            mask: Class indices and the ignore value.

        Returns:
            ``loss``, to be differentiated, and the detached weighted terms that it is made of.

        Raises:
            UsageError: The network gives no class logits, or another number of maps than there are weights.
        """
        if outputs.classes is None:
            raise UsageError("the network gives no class logits to compare with masks")
        maps = outputs.auxiliary if self.branches else (*outputs.auxiliary, outputs.classes)
        if self.branches or not outputs.auxiliary:
            weights: tuple[float, ...] = (1 / len(maps),) * len(maps)
        else:
            weights = self.weights
        if len(maps) != len(weights):
            raise UsageError(f"the network gives {len(maps)} maps, the loss has weights for {len(weights)}")
        target = self.criterion.prepare(mask)
        total: dict[str, Tensor] = {}
        for logits, weight in zip(maps, weights, strict=True):
            for name, term in self.criterion.terms(logits, target).items():
                total[name] = total[name] + weight * term if name in total else weight * term
        loss = sum(total.values(), start=mask.new_zeros((), dtype=maps[0].dtype))
        return {"loss": loss, **{name: term.detach() for name, term in total.items()}}


def build_loss(
    name: str, classes: int, *, ignore_index: int = IGNORE, paper: bool = False, branches: bool = False
) -> Loss:
    """Make a loss by name.

    Args:
        name: ``clcformer`` (as published: structure loss for one logit; cross-entropy with label smoothing 0.05 plus
            squared Dice for more), ``ce``, ``ce-dice``, or ``smp-dice``, ``smp-focal``, ``smp-lovasz``,
            ``smp-tversky``.
        classes: Number of class logits; 1 means one foreground logit.
        ignore_index: Value of mask pixels that say nothing.
        paper: Treat ignored pixels as the published code does: they stay in the denominators.
        branches: The network's auxiliary maps are branches of equal rank (``network_info(name).branches``).

    Returns:
        A function of outputs and mask (B, H, W) that returns ``loss`` and the terms that it is made of. Networks
        with three auxiliary maps are supervised with 0.4, 0.3, 0.15 and 0.15 from the finest to the coarsest.

    Raises:
        UsageError: The name is unknown, or its library is missing.
    """
    if name not in LOSSES:
        near = difflib.get_close_matches(name, LOSSES, n=3) or LOSSES
        raise UsageError(f"loss {name!r} is unknown", remedy=f"Try {', '.join(map(repr, near))}")
    criterion: Criterion
    if name in SMP_LOSSES:
        criterion = smp_criterion(name, classes, ignore_index)
    elif name == "clcformer" and classes == 1:
        criterion = StructureCriterion(ignore_index)
    else:
        smoothing = LABEL_SMOOTHING if name == "clcformer" else 0.0
        criterion = EntropyCriterion(name != "ce", smoothing, paper, ignore_index)
    return DeepSupervision(criterion, branches=branches)
