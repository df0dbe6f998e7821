"""Losses on pixel masks, coarse labels, heights and words; pixels with the ignore value 255 say nothing."""

from landwright.losses.adaptation import (
    class_confidence,
    class_loss,
    feature_loss,
    ground_refinement,
    height_consistency,
    height_loss,
)
from landwright.losses.coarse import CoarseLoss
from landwright.losses.masked import (
    WeightedTarget,
    soft_cross_entropy,
    squared_dice_loss,
    structure_loss,
    structure_target,
)
from landwright.losses.supervision import LOSSES, DeepSupervision, Loss, build_loss
from landwright.losses.teacher import ema_decay, update_teacher
from landwright.losses.words import info_nce, multi_positive, region_distillation, region_features

__all__ = [
    "LOSSES",
    "CoarseLoss",
    "DeepSupervision",
    "Loss",
    "WeightedTarget",
    "build_loss",
    "class_confidence",
    "class_loss",
    "ema_decay",
    "feature_loss",
    "ground_refinement",
    "height_consistency",
    "height_loss",
    "info_nce",
    "multi_positive",
    "region_distillation",
    "region_features",
    "soft_cross_entropy",
    "squared_dice_loss",
    "structure_loss",
    "structure_target",
    "update_teacher",
]
