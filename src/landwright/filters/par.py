"""Pixel-adaptive refinement: scores spread to neighbours of the same colour.

Ru et al., "Learning Affinity from Attention: End-to-End Weakly-Supervised Semantic Segmentation with Transformers"
(AFA), CVPR 2022, with the numbers of its published code.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

DILATIONS = (1, 2, 4, 8, 12, 24)
"""Distances in pixels of the eight neighbours that are looked at."""

_SHARPNESS, _POSITION, _EPS = 0.3, 0.01, 1e-8

_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


@torch.no_grad()
def pixel_adaptive_refinement(
    image: Tensor, masks: Tensor, dilations: Sequence[int] = DILATIONS, iterations: int = 10
) -> Tensor:
    """Replace every score by a weighted sum of those around it, again and again.

    A neighbour n at distance r weighs softmax(-(|I_n - I| / (0.3 std I))^2) + 0.01 softmax(-(r / (0.3 std r))^2), the
    first averaged over the bands, with standard deviations over all neighbours of the pixel. The pixel itself takes no
    part, and beyond the edge the picture goes on as its last pixel. Weights add up to 1.01, so that scores grow by as
    much in each round, as published. In float32 also under autocast, without a gradient.

    Args:
        image: (B, C, H, W) in [0, 1].
        masks: Scores (B, K, h, w), which are brought to the size of the image first (corners aligned).
        dilations: Distances of the neighbours in pixels.
        iterations: Rounds.

    Returns:
        (B, K, H, W).
    """
    with torch.autocast(image.device.type, enabled=False):
        picture, scores = image.float(), masks.float()
        size = (picture.shape[-2], picture.shape[-1])
        if scores.shape[-2:] != size:
            scores = F.interpolate(scores, size=size, mode="bilinear", align_corners=True)
        steps = [(dy * far, dx * far) for far in dilations for dy, dx in _AROUND]
        # One image at a time stays in a processor's cache.
        at_once = 1 if image.device.type == "cpu" else len(image)
        parts = zip(torch.split(picture, at_once), torch.split(scores, at_once), strict=True)
        return torch.cat([_refined(part, of_part, steps, iterations) for part, of_part in parts])


def _refined(picture: Tensor, scores: Tensor, steps: Sequence[tuple[int, int]], iterations: int) -> Tensor:
    weights = _weights(picture, steps)
    for _ in range(iterations):
        scores = _spread(scores, weights, steps)
    return scores


def _weights(picture: Tensor, steps: Sequence[tuple[int, int]]) -> Tensor:
    """Return the weights of the neighbours (N, B, 1, H, W)."""
    views = _views(picture, steps)
    # Sums in two rounds: the variance of nearly equal values, and no copy of all neighbours.
    mean = torch.zeros_like(picture)
    for view in views:
        mean += view
    mean /= len(views)
    square = torch.zeros_like(picture)
    for view in views:
        square += (view - mean).square_()
    spread = (square / (len(views) - 1)).sqrt_().add_(_EPS).mul_(_SHARPNESS)
    batch, _, height, width = picture.shape
    weights = picture.new_empty((len(views), batch, 1, height, width))
    for weight, view in zip(weights, views, strict=True):
        torch.mean(((view - picture) / spread).square_(), dim=1, keepdim=True, out=weight)
    weights = weights.neg_().softmax(0)
    reach = picture.new_tensor([(dy**2 + dx**2) ** 0.5 for dy, dx in steps])
    position = (-(reach / (reach.std() + _EPS) / _SHARPNESS).square()).softmax(0)
    return weights.add_(_POSITION * position[:, None, None, None, None])


def _spread(scores: Tensor, weights: Tensor, steps: Sequence[tuple[int, int]]) -> Tensor:
    total = torch.zeros_like(scores)
    for weight, view in zip(weights, _views(scores, steps), strict=True):
        total.addcmul_(weight, view)
    return total


def _views(values: Tensor, steps: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Return values (B, C, H, W) as seen from each step aside, all of them windows of one padded copy."""
    most = max(max(abs(dy), abs(dx)) for dy, dx in steps)
    height, width = values.shape[-2:]
    padded = F.pad(values, (most, most, most, most), mode="replicate")
    return [padded[..., most + dy :, most + dx :][..., :height, :width] for dy, dx in steps]
