"""Losses on coarse labels: pseudo-label-assisted training, and the extras of L2HNet.

Li et al., "Learning without Exact Guidance: Updating Large-scale High-resolution Land Cover Maps from Low-resolution
Historical Labels", CVPR 2024 (Paraformer, PLAT); L2HNet: Li et al., ISPRS Journal 192 (2022).

Labels are indices of the product's own classes. A table of shares (S, K) says what each of them may be in the classes
that are mapped: one 1 per row for a crosswalk, several shares for a prior, zeros for a class that is to be ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.losses.supervision import DEEP_WEIGHTS

LABEL_WEIGHT, AGREED_WEIGHT = 0.5, 0.5
"""Weights of the two terms in the published code; the paper writes a plain sum."""

MOST = 10.0
"""Largest weight of a class that keeps its share: beyond it a handful of pixels would speak for the whole class."""


class Sums(NamedTuple):
    """A weighted sum of pixel losses and what to divide it by; scalars."""

    loss: Tensor
    weight: Tensor

    def mean(self, *, paper: bool) -> Tensor:
        """Return the mean: 0 over no pixels, and NaN as published with ``paper``."""
        if paper:
            return self.loss / self.weight
        return self.loss / torch.where(self.weight > 0, self.weight, 1.0)


def shares_of(labels: Tensor, shares: Tensor) -> Tensor:
    """Return what every pixel may be.

    Args:
        labels: Integer (B, H, W) classes of the product; 255 says nothing.
        shares: Float (S, K).

    Returns:
        Float (B, K, H, W); zeros where a pixel says nothing.
    """
    # One more row for pixels that say nothing.
    table = torch.cat([shares, shares.new_zeros(1, shares.shape[1])])
    return table[labels.clamp(max=len(shares))].movedim(-1, 1)


def cross_entropy(logits: Tensor, target: Tensor, class_weights: Tensor | None = None) -> Sums:
    """Sum the cross-entropy between logits and shares.

    Args:
        logits: (B, K, H, W).
        target: Shares (B, K, H, W).
        class_weights: (K,), or None for ones.

    Returns:
        Sums whose mean is torch's weighted mean for targets of one class each.
    """
    weighted = target if class_weights is None else target * class_weights[:, None, None]
    return Sums(-(weighted * logits.log_softmax(1)).sum(), weighted.sum())


def agreement(logits: Tensor, target: Tensor, *, confidence: float = 0.0) -> Tensor:
    """Keep of every label what the network agrees with (Paraformer's masked labels).

    Args:
        logits: (B, K, H, W) of the branch that decides; no gradient flows through it.
        target: Shares (B, K, H, W).
        confidence: Smallest probability of the class.

    Returns:
        (B, K, H, W): one 1 where the network's class is likelier by the label than by chance (a share above 1 / K),
        which for a label of one class means that they are equal; zeros elsewhere.
    """
    with torch.no_grad():
        best, index = logits.softmax(1).max(1, keepdim=True)
        kept = (target.gather(1, index) > 1 / logits.shape[1]) & (best >= confidence)
        return torch.zeros_like(target).scatter_(1, index, kept.to(target.dtype))


def share_weights(target: Tensor, agreed: Tensor) -> Tensor:
    """Weigh the classes so that each keeps among the agreed labels the share that it has among all of them.

    A network agrees with the labels of easy and frequent classes first. Counted as they are, agreed labels starve the
    others, which then are predicted even less. A class of which no pixel is agreed with cannot be helped.

    Args:
        target: Shares (B, K, H, W).
        agreed: From :func:`agreement`.

    Returns:
        (K,), at most 10.
    """
    all_of, kept = (shares.sum((0, 2, 3)) for shares in (target, agreed))
    return (all_of / kept.clamp(min=1)).clamp(max=MOST)


def confident_area(logits: Tensor) -> Tensor:
    """Find the pixels of which a network is sure (after L2HNet's confident-area selection).

    The code of L2HNet could not be consulted; this reading needs no threshold: a pixel is confident if the
    probability of its class is at least the mean probability of that class among the pixels of the batch that got it.

    Args:
        logits: (B, K, H, W).

    Returns:
        Bool (B, H, W).
    """
    with torch.no_grad():
        best, index = logits.softmax(1).max(1)
        mean = class_means(best, index, logits.shape[1])
        return best >= mean[index] - torch.finfo(best.dtype).eps


def vague_area_loss(features: Tensor, logits: Tensor, confident: Tensor) -> Tensor:
    """Pull the vague and the confident pixels of every predicted class together (L2HNet's dynamic vague area).

    For each class, with p the share of its pixels that are confident: p (mean over confident - mean over all)^2 +
    (1 - p) (mean over vague - mean over all)^2, of the largest and of the mean feature channel; summed over classes,
    averaged over the two (as given by ANLC-Former, arXiv 2402.16001, which took it over from L2HNet).

    Args:
        features: (B, F, H, W).
        logits: (B, K, H, W); their classes group the pixels.
        confident: Bool (B, H, W).

    Returns:
        Scalar, at least 0.
    """
    classes = logits.shape[1]
    index, features = logits.argmax(1), features.float()  # counts beyond 256 are not exact in 16 bits
    sure = confident.to(features.dtype)
    share = class_means(sure, index, classes)
    total = features.new_zeros(())
    for plane in (features.amax(1), features.mean(1)):
        middle = class_means(plane, index, classes)
        for weight, chosen in ((share, sure), (1 - share, 1 - sure)):
            total = total + (weight * (class_means(plane, index, classes, chosen) - middle).square()).sum()
    return total / 2


def class_means(values: Tensor, index: Tensor, classes: int, weights: Tensor | None = None) -> Tensor:
    """Return the (weighted) mean of values (B, H, W) per class of ``index``: (K,), 0 for a class without pixels."""
    flat, weight = index.flatten(), torch.ones_like(values) if weights is None else weights
    sums, counts = (
        values.new_zeros(classes).index_add(0, flat, plane.flatten()) for plane in (values * weight, weight)
    )
    return sums / counts.clamp(min=1)


class CoarseLoss(nn.Module):
    """Pseudo-label-assisted training and its variants; every part can be left out.

    Args:
        shares: Float (S, K), what the product's classes may be.
        plat: Count in the second term only labels that the first branch agrees with (Paraformer). Without it the
            second term counts all of them.
        confidence: Smallest probability with which the first branch must agree.
        keep_shares: Weigh the agreed labels so that every class keeps its share of the labels.
        class_weights: Float (K,), or None.
        select: Use only labels in the network's confident area.
        vague: Weight of the dynamic-vague-area loss.
        paper: The published form: agreed labels count as they are, and a term without a pixel is NaN.
    """

    shares: Tensor
    class_weights: Tensor | None

    def __init__(
        self,
        shares: Tensor,
        *,
        plat: bool = True,
        confidence: float = 0.0,
        keep_shares: bool = True,
        class_weights: Tensor | None = None,
        select: bool = False,
        vague: float = 0.0,
        paper: bool = False,
    ) -> None:
        """Keep the tables where the network is."""
        super().__init__()
        self.register_buffer("shares", shares, persistent=False)
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.plat, self.confidence, self.keep_shares = plat, confidence, keep_shares and not paper
        self.select, self.vague, self.paper = select, vague, paper

    def forward(
        self,
        first: Tensor,
        second: Tensor,
        labels: Tensor,
        features: Tensor | None = None,
        auxiliary: Sequence[Tensor] = (),
    ) -> dict[str, Tensor]:
        """Compare maps of logits with coarse labels.

        Args:
            first: (B, K, H, W) logits that learn from all labels and decide which ones the other learns from.
            second: (B, K, H, W) logits that learn from those; the same as ``first`` for a network of one branch.
            labels: Integer (B, H, W) classes of the product; 255 says nothing.
            features: The network's features (B, F, H, W), needed where ``vague`` is not 0.
            auxiliary: Three more maps for deep supervision, coarsest first; they learn from all labels with ``first``.

        Returns:
            ``loss``, to be differentiated, its terms, and ``agreed``: the share of the labels in the second term.

        Raises:
            UsageError: The dynamic-vague-area loss is asked for, and there are no features.
        """
        target = shares_of(labels, self.shares)
        known = target.sum()
        if self.select:
            target = target * confident_area(first)[:, None]
        weights = self.class_weights
        maps = (*auxiliary, first)
        label_term = first.new_zeros(())
        for logits, weight in zip(maps, DEEP_WEIGHTS if auxiliary else (1.0,), strict=True):
            label_term = label_term + weight * cross_entropy(logits, target, weights).mean(paper=self.paper)
        agreed = agreement(first, target, confidence=self.confidence) if self.plat else target
        if self.keep_shares and self.plat:
            kept = share_weights(target, agreed)
            weights = kept if weights is None else kept * weights
        agreed_term = cross_entropy(second, agreed, weights).mean(paper=self.paper)
        loss = LABEL_WEIGHT * label_term + AGREED_WEIGHT * agreed_term
        terms = {"labels": label_term.detach(), "agreed_labels": agreed_term.detach()}
        if self.vague:
            if features is None:
                raise UsageError(
                    "the network gives no features for the dynamic-vague-area loss",
                    remedy="Set coarse.vague_area to 0, or use the network paraformer",
                )
            term = vague_area_loss(features, first, confident_area(first))
            loss = loss + self.vague * term
            terms["vague_area"] = term.detach()
        return {"loss": loss, **terms, "agreed": agreed.sum() / known.clamp(min=1)}
