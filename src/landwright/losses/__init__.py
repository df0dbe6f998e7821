"""Losses on pixel masks, coarse labels, heights, words and tags; pixels with the value 255 say nothing."""

from landwright.losses.adaptation import (
    class_confidence,
    class_loss,
    feature_loss,
    ground_refinement,
    height_consistency,
    height_loss,
)
from landwright.losses.boundary import BoundaryLoss, boundary_loss
from landwright.losses.coarse import CoarseLoss
from landwright.losses.links import LinkMode, LinkThreshold, patch_links, relation
from landwright.losses.masked import (
    WeightedTarget,
    soft_cross_entropy,
    squared_dice_loss,
    structure_loss,
    structure_target,
)
from landwright.losses.objects import ObjectLoss, consecutive_objects, object_loss
from landwright.losses.sset import sset_loss
from landwright.losses.supervision import LOSSES, DeepSupervision, Loss, build_loss
from landwright.losses.tags import balanced_cross_entropy, class_contrast, joint_loss, tag_loss, token_contrast
from landwright.losses.teacher import ema_decay, update_teacher
from landwright.losses.words import info_nce, multi_positive, region_distillation, region_features

__all__ = [
    "LOSSES",
    "BoundaryLoss",
    "CoarseLoss",
    "DeepSupervision",
    "LinkMode",
    "LinkThreshold",
    "Loss",
    "ObjectLoss",
    "WeightedTarget",
    "balanced_cross_entropy",
    "boundary_loss",
    "build_loss",
    "class_confidence",
    "class_contrast",
    "class_loss",
    "consecutive_objects",
    "ema_decay",
    "feature_loss",
    "ground_refinement",
    "height_consistency",
    "height_loss",
    "info_nce",
    "joint_loss",
    "multi_positive",
    "object_loss",
    "patch_links",
    "region_distillation",
    "region_features",
    "relation",
    "soft_cross_entropy",
    "squared_dice_loss",
    "sset_loss",
    "structure_loss",
    "structure_target",
    "tag_loss",
    "token_contrast",
    "update_teacher",
]
