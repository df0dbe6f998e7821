"""Losses on pixel masks and coarse labels; pixels with the ignore value 255 say nothing."""

from landwright.losses.coarse import CoarseLoss
from landwright.losses.masked import (
    WeightedTarget,
    soft_cross_entropy,
    squared_dice_loss,
    structure_loss,
    structure_target,
)
from landwright.losses.supervision import LOSSES, DeepSupervision, Loss, build_loss

__all__ = [
    "LOSSES",
    "CoarseLoss",
    "DeepSupervision",
    "Loss",
    "WeightedTarget",
    "build_loss",
    "soft_cross_entropy",
    "squared_dice_loss",
    "structure_loss",
    "structure_target",
]
