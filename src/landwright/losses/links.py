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
"""From which |cosine| on patches are linked: the mean over all pairs of the batch or of the image, or a number."""


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
        threshold: Patches whose |cosine| is larger are linked.
        official: Link every patch with itself in ``union`` as published, which adds pairs that teach nothing.
        valid: Bool (B, h, w): patches that show the image; links touch no others. All by default.

    Returns:
        uint8 (B, N, N), a new one.
    """
    flat = F.normalize(wide(features).flatten(2), dim=1)
    with full_precision(flat):
        cosines = (flat.mT @ flat).abs()
    if threshold == "batch_mean":
        limit: Tensor | float = cosines.mean()
    elif threshold == "image_mean":
        limit = cosines.mean((1, 2), keepdim=True)
    else:
        limit = threshold
    linked = cosines > limit
    diagonal = torch.diagonal(linked, dim1=1, dim2=2)
    if mode == "dino_only":
        result = linked.to(relation.dtype).masked_fill_(relation == IGNORE, IGNORE)
    else:
        if not official:
            diagonal.fill_(False)
        result = relation.masked_fill(linked, 1)
    return result if valid is None else torch.where(_silent(~valid.flatten(1)), relation, result)


def _silent(patches: Tensor) -> Tensor:
    """Return the pairs (B, N, N) that touch one of the patches (B, N), and every patch with itself."""
    itself = torch.eye(patches.shape[1], dtype=torch.bool, device=patches.device)
    return patches[:, :, None] | patches[:, None] | itself
