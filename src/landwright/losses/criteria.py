"""Criteria: a loss on one map of logits, split into what depends on the mask alone and the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from landwright.errors import UsageError
from landwright.losses.masked import (
    IGNORE,
    soft_cross_entropy,
    squared_dice_loss,
    structure_loss,
    structure_target,
)

SMP_LOSSES = {
    "smp-dice": "DiceLoss",
    "smp-focal": "FocalLoss",
    "smp-lovasz": "LovaszLoss",
    "smp-tversky": "TverskyLoss",
}


class Criterion(Protocol):
    """A loss whose target is prepared once for all maps of one forward pass."""

    def prepare(self, mask: Tensor) -> Any:
        """Return what the terms need of an integer mask (B, H, W)."""

    def terms(self, logits: Tensor, target: Any) -> dict[str, Tensor]:
        """Return named scalars of logits (B, K, H, W); their sum is the loss."""


@dataclass(frozen=True)
class StructureCriterion:
    """Structure loss of one foreground logit."""

    ignore_index: int = IGNORE

    def prepare(self, mask: Tensor) -> Any:
        """Weigh the pixels, once for all maps."""
        return structure_target(mask, ignore_index=self.ignore_index)

    def terms(self, logits: Tensor, target: Any) -> dict[str, Tensor]:
        """Return the structure loss."""
        return {"structure": structure_loss(logits, target)}


@dataclass(frozen=True)
class EntropyCriterion:
    """Cross-entropy, with or without squared Dice."""

    dice: bool
    smoothing: float
    paper: bool = False
    ignore_index: int = IGNORE

    def prepare(self, mask: Tensor) -> Any:
        """Return the mask as it is."""
        return mask

    def terms(self, logits: Tensor, target: Any) -> dict[str, Tensor]:
        """Return cross-entropy and, where asked, Dice."""
        ignore, paper = self.ignore_index, self.paper
        entropy = soft_cross_entropy(logits, target, smoothing=self.smoothing, ignore_index=ignore, paper=paper)
        terms = {"cross_entropy": entropy}
        if self.dice:
            terms["dice"] = squared_dice_loss(logits, target, ignore_index=ignore, paper=paper)
        return terms


@dataclass(frozen=True)
class SmpCriterion:
    """A loss of segmentation-models-pytorch; a batch in which every pixel is ignored gives 0."""

    name: str
    loss: Callable[[Tensor, Tensor], Tensor]
    ignore_index: int = IGNORE

    def prepare(self, mask: Tensor) -> Any:
        """Return the mask and whether any pixel is known."""
        return mask, bool((mask != self.ignore_index).any())

    def terms(self, logits: Tensor, target: Any) -> dict[str, Tensor]:
        """Return the loss."""
        mask, known = target
        logits = logits.float()
        if not known:
            return {self.name: logits.sum() * 0.0}
        return {self.name: self.loss(logits, mask[:, None] if logits.shape[1] == 1 else mask)}


def smp_criterion(name: str, classes: int, ignore_index: int = IGNORE) -> SmpCriterion:
    """Wrap a loss of segmentation-models-pytorch.

    Args:
        name: One of :data:`SMP_LOSSES`.
        classes: Number of class logits.
        ignore_index: Value of pixels that say nothing.

    Returns:
        The criterion.

    Raises:
        UsageError: The library is not installed.
    """
    try:
        from segmentation_models_pytorch import losses
    except ImportError as error:
        raise UsageError(
            f"loss {name!r} needs segmentation-models-pytorch",
            remedy="Install it with: pip install 'landwright[train]'",
        ) from error
    mode = "binary" if classes == 1 else "multiclass"
    return SmpCriterion(name, getattr(losses, SMP_LOSSES[name])(mode=mode, ignore_index=ignore_index), ignore_index)
