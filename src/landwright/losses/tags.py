"""Losses of maps that are learned from image-level tags (ToCo, CTFA and ATSG).

ToCo: Ru et al., "Token Contrast for Weakly-Supervised Semantic Segmentation", CVPR 2023, for the contrasts of patch
and of class tokens; CTFA adds the joint loss of two decoders. The formulas are those of the published code, but that
a set without a pixel gives 0 where it gives NaN.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.masked import IGNORE
from landwright.losses.precision import full_precision, wide

TEMPERATURE = 0.5
_STEADY = 1e-4
_LEAST = 1e-7


def tag_loss(logits: Tensor, tags: Tensor) -> Tensor:
    """Compare the logits of tags with the tags of every image (multi-label soft margin).

    Args:
        logits: (B, T).
        tags: 0 or 1, (B, T).

    Returns:
        Scalar, the mean over images and tags.
    """
    logits = wide(logits)
    return F.multilabel_soft_margin_loss(logits, tags.to(logits.dtype))


def token_contrast(tokens: Tensor, relation: Tensor) -> Tensor:
    """Draw patch tokens of one label together and those of two labels apart (PTC, ToCo; L_a of ATSG).

    Args:
        tokens: (B, D, h, w) of any length.
        relation: (B, N, N) with N = h w: 1 for pairs to draw together, 0 for pairs to part, 255 for the others.

    Returns:
        Scalar from 0 to 1: half of one minus the mean |cosine| of the former and half of the mean of the latter, over
        all pairs of the batch.
    """
    unit = F.normalize(wide(tokens).flatten(2), dim=1)
    together, apart = relation == 1, relation == 0
    with full_precision(unit):
        cosines = unit.mT @ unit
        with torch.no_grad():
            # |c| = sign(c) c: with the signs among the weights, only one matrix is kept for the backward pass.
            weights = cosines.sign()
            weights *= apart * (0.5 / (apart.sum() + 1)) - together * (0.5 / (together.sum() + 1))
        return 0.5 + (weights * cosines).sum()


def class_contrast(student: Tensor, teacher: Tensor, positive: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Draw what the student says of crops to what the teacher says of the whole image (CTC, ToCo).

    Rows go crop by crop: row ``crop * B + image``.

    Args:
        student: (crops B, P), the two whole views of every image first.
        teacher: (views B, P) without gradient.
        positive: Bool (crops, B): crops that show something of what the image shows; the others are to be told from.
        temperature: Divides the products.

    Returns:
        Scalar, the mean over images.
    """
    crops, images = positive.shape
    student = wide(student).reshape(crops, images, -1)
    teacher = wide(teacher.detach()).reshape(-1, images, student.shape[2])
    with full_precision(student):
        scores = torch.einsum("vbp,kbp->bvk", teacher, student) / temperature
    chosen = positive.T[:, None]
    steady = scores.new_full((*scores.shape[:2], 1), math.log(_STEADY))
    others = torch.cat((scores.masked_fill(chosen, -torch.inf), steady), dim=2).logsumexp(2)
    # -log(e / (e + others)) = softplus(log others - log e); the last term is that of a pair with product zero.
    pairs = F.softplus(others[..., None] - scores).masked_fill(~chosen, 0.0).sum(2) + F.softplus(others)
    return (pairs.sum(1) / 2 / (positive.sum(0) + _STEADY)).mean()


def balanced_cross_entropy(logits: Tensor, labels: Tensor, *, background: bool) -> Tensor:
    """Cross-entropy with pseudo labels, in which background and tagged classes count half each (L_seg).

    Args:
        logits: (B, K, H, W).
        labels: Integer (B, H, W) with 255 for pixels that say nothing.
        background: Class 0 is the background. Without one all known pixels count the same.

    Returns:
        Scalar; a half without any pixel is 0.
    """
    logits = wide(logits)
    losses = F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")
    known = labels != IGNORE
    if not background:
        return _mean(losses, known)
    return (_mean(losses, labels == 0) + _mean(losses, known & (labels != 0))) / 2


def joint_loss(foreground_logits: Tensor, seg_logits: Tensor, labels: Tensor) -> Tensor:
    """Compare what both decoders say together with pseudo labels (L_joint of CTFA).

    Probabilities are the product of the one's softmax and the other's sigmoid, scaled to sum to one.

    Args:
        foreground_logits: (B, K, H, W) of the foreground decoder, for the softmax.
        seg_logits: (B, K, H, W) of the decoder that makes the map, for the sigmoid.
        labels: Integer (B, H, W) with 255 for pixels that say nothing.

    Returns:
        Scalar, the mean over known pixels; 0 if there are none.
    """
    together = F.log_softmax(wide(foreground_logits), 1) + F.logsigmoid(wide(seg_logits))
    known = labels != IGNORE
    said = F.log_softmax(together, 1).gather(1, labels.masked_fill(~known, 0)[:, None])[:, 0]
    return _mean(-said.clamp(math.log(_LEAST), math.log1p(-_LEAST)), known)


def _mean(losses: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen losses, 0 if none is chosen."""
    return losses.masked_fill(~chosen, 0.0).sum() / chosen.sum().clamp(min=1)
