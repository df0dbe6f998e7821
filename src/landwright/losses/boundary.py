"""Classes are to change where segments meet: the boundary loss of SAM_RS, which ATSG takes over.

Ma et al., "SAM-Assisted Remote Sensing Imagery Semantic Segmentation with Object and Boundary Constraints", IEEE TGRS
2024. The published loss compares maps of class indices, so that it has no gradient; the soft ones are ours.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.errors import UsageError
from landwright.losses.precision import wide

BoundaryLoss = Literal["official", "soft", "precision"]
"""As published; one minus the F1 of soft edges; one minus their precision alone."""

EDGE = 3
REACH = 5
_STEADY = 1e-7


def boundary_loss(
    logits: Tensor, boundary: Tensor, *, mode: BoundaryLoss = "soft", valid: Tensor | None = None
) -> Tensor:
    """Compare the edges between classes with those between segments, give or take two pixels.

    A soft edge is the largest difference of a class's probability within 3 x 3 pixels. Segments have more edges than
    classes have, so that recall asks for edges where there may be none: ``precision`` does without it.

    Args:
        logits: (B, K, H, W).
        boundary: Bool or integer (B, H, W), 1 on the edges of segments.
        mode: ``soft``, ``precision`` or ``official``, which weighs edges by differences of class indices, takes the
            upper and the lower half of an image apart, may be negative, and has no gradient.
        valid: Bool (B, H, W): pixels that show the image; edges count where their neighbours do so too. All by
            default, and always as published.

    Returns:
        Scalar; of the soft modes the mean over images, of which those without an edge of a segment give 0.

    Raises:
        UsageError: ``official`` for an image that does not fall into two halves.
    """
    if mode == "official":
        return _official(logits, boundary)
    probabilities = wide(logits).softmax(1)
    edges = (_largest(probabilities, EDGE) + _largest(-probabilities, EDGE)).amax(1, keepdim=True)
    truth = boundary.to(edges.dtype)[:, None]
    if valid is not None:
        shown = valid.to(edges.dtype)[:, None]
        edges, truth = edges * -_largest(-shown, EDGE), truth * shown
    precision = _share(edges, _largest(truth, REACH))
    if mode == "precision":
        losses = 1 - precision
    else:
        recall = _share(truth, _largest(edges, REACH))
        losses = 1 - 2 * precision * recall / (precision + recall + _STEADY)
    return (losses * truth.flatten(1).any(1)).mean()


@torch.no_grad()
def _official(logits: Tensor, boundary: Tensor) -> Tensor:
    if logits.shape[2] * logits.shape[3] % 2:
        raise UsageError(
            f"the official boundary loss takes an image by halves, and {logits.shape[2]} x {logits.shape[3]} pixels "
            "have none",
            remedy="Take a tile of even size, or boundary_loss: soft",
        )
    halves = []
    for steps in (logits.argmax(1), boundary):
        rest = 1 - steps.to(torch.float32)[:, None]
        edges = _largest(rest, EDGE) - rest
        halves.append([values.reshape(len(values), 2, -1) for values in (edges, _largest(edges, REACH))])
    (edges, near), (truth, near_truth) = halves
    precision = (edges * near_truth).sum(2) / (edges.sum(2) + _STEADY)
    recall = (near * truth).sum(2) / (truth.sum(2) + _STEADY)
    return (1 - 2 * precision * recall / (precision + recall + _STEADY)).mean()


def _largest(values: Tensor, size: int) -> Tensor:
    """Return the largest value of every neighbourhood."""
    return F.max_pool2d(values, size, stride=1, padding=size // 2)


def _share(values: Tensor, found: Tensor) -> Tensor:
    """Return the share of the values (B, 1, H, W) that is found, (B,)."""
    return (values * found).flatten(1).sum(1) / (values.flatten(1).sum(1) + _STEADY)
