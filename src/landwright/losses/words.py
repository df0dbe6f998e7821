"""Losses that teach a dual encoder to tell places by words.

Li et al., "FarSLIP: Discovering Effective CLIP Adaptation for Fine-Grained Remote Sensing Understanding", 2025. The
formulas are those of the published code. Features are of unit length unless said otherwise; ``scale`` is what their
cosines are multiplied by, the exponential of the model's ``logit_scale``.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.errors import UsageError

Align = Literal["roi2pooled", "roi2cls", "combined"]
"""What a region of an image is compared with: the mean patch of its crop, the crop's class token, or both."""

_NOBODY = -100


def info_nce(image: Tensor, text: Tensor, scale: Tensor, valid: Tensor | None = None) -> Tensor:
    """Match every image with its own text and every text with its own image (symmetric InfoNCE).

    Args:
        image: (N, D).
        text: (N, D), row by row what is said of the images.
        scale: Scalar.
        valid: Bool (N,): rows that are to be matched; the others serve only to be told from. All by default.

    Returns:
        Scalar, the mean of both directions; 0 where no row is to be matched.
    """
    target = torch.arange(len(image), device=image.device)
    logits = scale * image @ text.T
    if valid is not None:
        target = target.masked_fill(~valid, _NOBODY)
        if not bool(valid.any()):
            return logits.sum() * 0
    forth, back = (F.cross_entropy(rows, target, ignore_index=_NOBODY) for rows in (logits, logits.T))
    return (forth + back) / 2


def multi_positive(image: Tensor, text: Tensor, scale: Tensor, labels: Tensor) -> Tensor:
    """Match every image with all texts of its category, and every text with all images.

    Where every row has a category of its own this is :func:`info_nce`.

    Args:
        image: (N, D) of any length, as published.
        text: (N, D) of any length, row by row the category's text.
        scale: Scalar.
        labels: Integer (N,): the category; rows with -1 are left out.

    Returns:
        Scalar, the mean of both directions; 0 where every row is left out.
    """
    known = labels >= 0
    if not bool(known.any()):
        return (image.sum() + text.sum()) * 0
    image, text, labels = F.normalize(image[known], dim=-1), F.normalize(text[known], dim=-1), labels[known]
    same = (labels[:, None] == labels[None]).to(image.dtype)
    target = same / same.sum(1, keepdim=True)
    logits = scale * image @ text.T
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def region_features(patches: Tensor, boxes: Tensor, places: Tensor) -> Tensor:
    """Return the mean feature of every box on a map of patches (RoIAlign as large as the map, then the mean).

    Args:
        patches: (B, D, h, w), not of unit length.
        boxes: (N, 4) left, top, right and bottom as shares of the image's width and height.
        places: Integer (N,): image of every box.

    Returns:
        (N, D).
    """
    size = patches.new_tensor([patches.shape[3], patches.shape[2]])
    corners = boxes.to(patches.dtype) * size.repeat(2)
    rois = torch.cat((places[:, None].to(patches.dtype), corners), dim=1)
    output = (patches.shape[2], patches.shape[3])
    regions: Tensor = _roi_align()(patches, rois, output_size=output, sampling_ratio=-1, aligned=True)
    return regions.mean((2, 3))


def region_distillation(
    regions: Tensor, crop_patches: Tensor, crop_cls: Tensor, *, align: Align = "roi2pooled"
) -> Tensor:
    """Compare what an encoder sees of a region within its image and by itself (region-to-patch distillation).

    Args:
        regions: (N, D) of :func:`region_features`.
        crop_patches: (N, P, D) patches of the regions' crops, not of unit length.
        crop_cls: (N, D) ordinary features of the crops.
        align: What is compared with. How the published ``combined`` takes both together could not be checked; here it
            is the mean of the two losses.

    Returns:
        Scalar from 0 to 2: one minus the mean cosine; 0 without a region.
    """
    if not len(regions):
        return (regions.sum() + crop_patches.sum() + crop_cls.sum()) * 0
    targets = {"roi2pooled": [crop_patches.mean(1)], "roi2cls": [crop_cls]}.get(align, [crop_patches.mean(1), crop_cls])
    cosines = [F.cosine_similarity(regions, target, dim=-1).mean() for target in targets]
    return 1 - torch.stack(cosines).mean()


def _roi_align() -> Any:
    try:
        from torchvision.ops import roi_align
    except ImportError as error:
        raise UsageError(
            "learning from regions needs torchvision", remedy="Install it with: pip install 'landwright[words]'"
        ) from error
    return roi_align
