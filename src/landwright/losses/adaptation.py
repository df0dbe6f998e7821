"""Losses of height and class that weigh every pixel, and how far pseudo-labels can be trusted.

Song et al., "SynRS3D: A Synthetic Dataset for Global 3D Semantic Understanding from Monocular Remote Sensing Imagery",
NeurIPS 2024 (RS3DAda). Its running text could not be consulted; the formulas are those of the published code.

Means run over all pixels: a pixel that says nothing counts as 0 in them, so that an image of which little is known
changes little. Half and lambda, the weights of the published terms, are the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.masked import IGNORE


def height_loss(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compare heights by the smooth L1 loss, quadratic below 1 m.

    Args:
        prediction: (B, 1, H, W) metres.
        target: (B, 1, H, W) metres; NaN = unknown.
        weight: What each pixel counts, (B, 1, H, W) or a shape that broadcasts to it; ones by default.

    Returns:
        Scalar: the mean over all pixels, in which unknown ones count as 0.
    """
    prediction = prediction.float()
    # An unknown height is taken as the predicted one: no loss, and no gradient that is NaN times 0.
    target = torch.where(target.isnan(), prediction.detach(), target.float())
    loss = F.smooth_l1_loss(prediction, target, reduction="none")
    return (loss if weight is None else loss * weight).mean()


def class_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compare classes by the cross-entropy.

    The published code multiplies (B, H, W) by (B, 1, H, W), which mixes the images of a batch; it was only ever run
    with one image. Here every image has its own weights.

    Args:
        logits: (B, K, H, W).
        target: Integer (B, H, W); 255 says nothing.
        weight: What each pixel counts, (B, H, W) or a shape that broadcasts to it; ones by default.

    Returns:
        Scalar: the mean over all pixels, in which those with 255 count as 0.
    """
    loss = F.cross_entropy(logits.float(), target.long(), ignore_index=IGNORE, reduction="none")
    return (loss if weight is None else loss * weight).mean()


def feature_loss(student: Tensor, frozen: Tensor, threshold: float) -> Tensor:
    """Hold an encoder to what it was before, where it has gone far from there.

    Args:
        student: (B, D, h, w) tokens.
        frozen: (B, D, h, w) tokens of the encoder as it was; no gradient flows to it.
        threshold: Tokens whose cosine similarity is at least this are left alone.

    Returns:
        Scalar from 0 to 2: the mean of 1 - cosine over the other tokens, 0 if there are none.
    """
    cosine = F.cosine_similarity(student.float(), frozen.detach().float(), dim=1)
    far = cosine < threshold
    return (1 - cosine).masked_fill(~far, 0.0).sum() / far.sum().clamp(min=1)


@torch.no_grad()
def class_confidence(logits: Tensor, confidence: float, *, valid: Tensor | None = None, paper: bool = False) -> Tensor:
    """Measure of how many pixels a teacher is certain.

    Args:
        logits: (B, K, H, W).
        confidence: Smallest probability of the class of a certain pixel.
        valid: Bool (B, H, W), the pixels that are counted; all by default.
        paper: One share for the whole batch, as published.

    Returns:
        (B,): the share of certain pixels of each image, from 0 to 1; 0 without a valid pixel.
    """
    certain = logits.float().softmax(1).amax(1) >= confidence
    return _share(certain, valid, paper=paper)


@torch.no_grad()
def height_consistency(
    first: Tensor,
    second: Tensor,
    ratio: float,
    *,
    floor: float = 0.0,
    valid: Tensor | None = None,
    paper: bool = False,
) -> Tensor:
    """Measure for how many pixels a teacher gives two views of an image the same height.

    The published ratio does not look at signs: heights of 5 and -5 m agree with one another. It also is at its worst
    where heights are near 0, on open ground, which is most of many images.

    Args:
        first: (B, 1, H, W) metres.
        second: (B, 1, H, W) metres.
        ratio: Consistent are heights of which the larger is less than this times the smaller, and equal ones.
        floor: Heights below this many metres count as this, at least 0.
        valid: Bool (B, H, W), the pixels that are counted; all by default.
        paper: The published ratio, without a floor, and one share for the whole batch.

    Returns:
        (B,): the share of consistent pixels of each image, from 0 to 1; 0 without a valid pixel. NaN is inconsistent.
    """
    first, second = first.float()[:, 0], second.float()[:, 0]
    if paper:
        consistent = torch.maximum(first / second, second / first) < ratio
    else:
        first, second = first.clamp(min=floor), second.clamp(min=floor)
        larger, smaller = torch.maximum(first, second), torch.minimum(first, second)
        consistent = (larger < ratio * smaller) | (larger == smaller)
    return _share(consistent, valid, paper=paper)


def ground_refinement(height: Tensor, labels: Tensor, raised: Sequence[int]) -> Tensor:
    """Set pseudo-heights to 0 where the pseudo-label is a class that lies on the ground.

    Args:
        height: (B, 1, H, W) metres.
        labels: Integer (B, H, W).
        raised: Indices of the classes that stand above the ground.

    Returns:
        (B, 1, H, W).
    """
    stands = torch.isin(labels, torch.tensor(list(raised), dtype=labels.dtype, device=labels.device))
    return height.masked_fill(~stands[:, None], 0.0)


def _share(chosen: Tensor, valid: Tensor | None, *, paper: bool) -> Tensor:
    """Return the share of valid pixels that are chosen: (B, H, W) to (B,)."""
    counted = torch.ones_like(chosen) if valid is None else valid
    over = (0, 1, 2) if paper else (1, 2)
    share = (chosen & counted).sum(over) / counted.sum(over).clamp(min=1)
    return share.expand(len(chosen))
