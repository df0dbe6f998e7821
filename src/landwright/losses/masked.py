"""Losses on pixel masks in which some pixels say nothing.

Masks hold class indices and an ignore value. By default a pixel that says nothing changes nothing; ``paper=True``
gives the published numbers, in which it still does.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.precision import wide

IGNORE = 255
LABEL_SMOOTHING = 0.05
DICE_SMOOTHING = 1e-5
NEIGHBOURHOOD = 31
EDGE_EMPHASIS = 5.0


class WeightedTarget(NamedTuple):
    """A binary target and what each pixel counts, both float (B, 1, H, W)."""

    target: Tensor
    weight: Tensor


def structure_target(mask: Tensor, *, ignore_index: int = IGNORE, dtype: torch.dtype = torch.float32) -> WeightedTarget:
    """Weigh the pixels of a binary mask by how much they differ from their surroundings.

    The weight is 1 + 5 |mean of the 31 x 31 neighbourhood - pixel|, with zeros beyond the image's edge as published.
    Ignored pixels weigh nothing and do not enter the means of others.

    Args:
        mask: Integer (B, H, W) with 0, 1 and ``ignore_index``.
        ignore_index: Value of pixels that say nothing.
        dtype: Floating type of the result.

    Returns:
        Target and weight.
    """
    known = (mask != ignore_index)[:, None]
    valid = known.to(dtype)
    target = mask[:, None].to(dtype).masked_fill(~known, 0.0)
    share = _mean(valid) / _mean(torch.ones_like(valid))
    surroundings = _mean(target) / share.clamp(min=1 / NEIGHBOURHOOD**2)
    return WeightedTarget(target, (1 + EDGE_EMPHASIS * (surroundings - target).abs()) * valid)


def structure_loss(logits: Tensor, target: WeightedTarget) -> Tensor:
    """Weighted binary cross-entropy plus weighted IoU loss (F3Net, AAAI 2020; used by CLCFormer).

    Args:
        logits: (B, 1, H, W).
        target: From :func:`structure_target`.

    Returns:
        Scalar: the mean over those images of the batch that have any known pixel; 0 if none has.
    """
    logits = wide(logits)
    truth, weight = target
    total = weight.sum((1, 2, 3))
    known = (total > 0).to(logits.dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (weight * entropy).sum((1, 2, 3)) / (total + (1 - known))
    probability = torch.sigmoid(logits)
    both = (weight * probability * truth).sum((1, 2, 3))
    either = (weight * (probability + truth)).sum((1, 2, 3)) - both
    overlap = 1 - (both + 1) / (either + 1)
    return (entropy + overlap).sum() / known.sum().clamp(min=1)


def soft_cross_entropy(
    logits: Tensor,
    mask: Tensor,
    *,
    smoothing: float = LABEL_SMOOTHING,
    ignore_index: int = IGNORE,
    paper: bool = False,
) -> Tensor:
    """Cross-entropy with label smoothing; binary cross-entropy without smoothing for one logit.

    Args:
        logits: (B, K, H, W); K = 1 means one foreground logit.
        mask: Integer (B, H, W).
        smoothing: Probability mass spread over all classes.
        ignore_index: Value of pixels that say nothing.
        paper: Divide by all pixels, as published, not by those that are known.

    Returns:
        Scalar; 0 if every pixel is ignored.
    """
    logits = wide(logits)
    known = mask != ignore_index
    if logits.shape[1] == 1:
        losses = F.binary_cross_entropy_with_logits(
            logits[:, 0], mask.masked_fill(~known, 0).to(logits.dtype), reduction="none"
        )
        total = losses.masked_fill(~known, 0.0).sum()
    else:
        total = F.cross_entropy(logits, mask, ignore_index=ignore_index, label_smoothing=smoothing, reduction="sum")
    return total / (mask.numel() if paper else known.sum().clamp(min=1))


def squared_dice_loss(logits: Tensor, mask: Tensor, *, ignore_index: int = IGNORE, paper: bool = False) -> Tensor:
    """Dice loss with squared denominators (V-Net), pooled over the batch, mean over classes.

    Args:
        logits: (B, K, H, W); K = 1 means one foreground logit, of which the Dice loss is taken.
        mask: Integer (B, H, W).
        ignore_index: Value of pixels that say nothing.
        paper: Let predictions on ignored pixels count in the denominator, as published.

    Returns:
        Scalar in 0..1; 0 if every pixel is ignored.
    """
    logits = wide(logits)
    known = mask != ignore_index
    probability = torch.sigmoid(logits) if logits.shape[1] == 1 else logits.softmax(1)
    if logits.shape[1] == 1:
        truth = (mask == 1).to(logits.dtype)[:, None]
        both = (probability * truth).sum((0, 2, 3))
        actual = truth.sum((0, 2, 3))
    else:
        index = mask.masked_fill(~known, 0)
        hit = probability.gather(1, index[:, None])[:, 0].masked_fill(~known, 0.0)
        flat = index.flatten()
        both = hit.new_zeros(logits.shape[1]).index_add(0, flat, hit.flatten())
        actual = hit.new_zeros(logits.shape[1]).index_add(0, flat, known.flatten().to(hit.dtype))
    squares = probability.square()
    if not paper:
        squares = squares.masked_fill(~known[:, None], 0.0)
    predicted = squares.sum((0, 2, 3))
    return (1 - (2 * both + DICE_SMOOTHING) / (predicted + actual + DICE_SMOOTHING)).mean()


def _mean(values: Tensor) -> Tensor:
    """Mean of the neighbourhood, rows and columns one after the other; zeros beyond the edge count."""
    size, reach = NEIGHBOURHOOD, NEIGHBOURHOOD // 2
    rows = F.avg_pool2d(values, (size, 1), stride=1, padding=(reach, 0))
    return F.avg_pool2d(rows, (1, size), stride=1, padding=(0, reach))
