"""Which patches of an image belong together: by their labels, and by the features of a self-supervised encoder.

The relation matrices are those of ToCo; the links are the "PatchLink" of ATSG's adaptive token linking. In relations
1 means together, 0 apart, 255 that nothing is said of a pair.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.masked import IGNORE
from landwright.losses.precision import full_precision, wide

LinkMode = Literal["union", "dino_only"]
"""Links are added to what labels say, or alone decide on pairs of known patches."""

LinkThreshold = Literal["batch_mean", "image_mean"] | float
"""From which |cosine| on patches are linked: the mean over pairs of the batch or of the image, or a number."""


def relation(labels: Tensor) -> Tensor:
    """Return what labels say about pairs of patches.

    Args:
        labels: Integer (B, h, w) with 255 for patches that say nothing.

    Returns:
        uint8 (B, N, N) with N = h w: 1 same label, 0 another, 255 if either is unknown and on the diagonal.
    """
    flat = labels.flatten(1)
    same = (flat[:, :, None] == flat[:, None]).to(torch.uint8)
    return same.masked_fill_(_silent(flat == IGNORE), IGNORE)


@torch.no_grad()
def patch_links(
    relation: Tensor,
    features: Tensor,
    *,
    mode: LinkMode = "union",
    threshold: LinkThreshold = "image_mean",
    official: bool = False,
    valid: Tensor | None = None,
) -> Tensor:
    """Write links between patches of like features into their relation.

    Args:
        relation: uint8 (B, N, N) of :func:`relation`.
        features: (B, D, h, w) of any length, such as the tokens of DINO.
        mode: ``union``: linked patches belong together, whatever their labels say, others keep their relation.
            ``dino_only``: known patches belong together where they are linked, and apart where not.
        threshold: Patches whose |cosine| is larger are linked. Means are over pairs of different patches that both
            show the image.
        official: Link every patch with itself in ``union`` as published, which adds pairs that teach nothing, and take
            means over all pairs, those too.
        valid: Bool (B, h, w): patches that show the image; links touch no others. All by default.

    Returns:
        uint8 (B, N, N), a new one.
    """
    flat = F.normalize(wide(features).flatten(2), dim=1)
    if valid is not None and not official:
        # Padding then adds nothing to sums of cosines.
        flat = flat.masked_fill(~valid.flatten(1)[:, None], 0.0)
    with full_precision(flat):
        cosines = (flat.mT @ flat).abs()
    linked = cosines > (_mean(cosines, threshold, valid, official) if isinstance(threshold, str) else threshold)
    diagonal = torch.diagonal(linked, dim1=1, dim2=2)
    if mode == "dino_only":
        result = linked.to(relation.dtype).masked_fill_(relation == IGNORE, IGNORE)
    else:
        if not official:
            diagonal.fill_(False)
        result = relation.masked_fill(linked, 1)
    return result if valid is None else torch.where(_silent(~valid.flatten(1)), relation, result)


def _mean(cosines: Tensor, over: Literal["batch_mean", "image_mean"], valid: Tensor | None, official: bool) -> Tensor:
    """Return the mean of cosines (B, N, N), 0 where a patch is not valid, over pairs: (B, 1, 1) or a scalar."""
    if official:
        return cosines.mean() if over == "batch_mean" else cosines.mean((1, 2), keepdim=True)
    sums = cosines.sum((1, 2)) - torch.diagonal(cosines, dim1=1, dim2=2).sum(1)
    patches = torch.full_like(sums, cosines.shape[1]) if valid is None else valid.flatten(1).sum(1)
    pairs = patches * (patches - 1)
    if over == "batch_mean":
        return sums.sum() / pairs.sum().clamp(min=1)
    return (sums / pairs.clamp(min=1))[:, None, None]


def _silent(patches: Tensor) -> Tensor:
    """Return the pairs (B, N, N) that touch one of the patches (B, N), and every patch with itself."""
    itself = torch.eye(patches.shape[1], dtype=torch.bool, device=patches.device)
    return patches[:, :, None] | patches[:, None] | itself
