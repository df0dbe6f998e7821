"""Pixels of one object are to be classified alike: the object loss of SAM_RS, which ATSG takes over.

Ma et al., "SAM-Assisted Remote Sensing Imagery Semantic Segmentation with Object and Boundary Constraints", IEEE TGRS
2024. Objects come from masks of SAM or from another segmentation.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses.precision import wide

ObjectLoss = Literal["official", "per_object_mean"]
"""Within-object variance of logits, summed as published, or the mean over objects of that of probabilities."""

MOST_OBJECTS = 50
"""Published bound on the numbers of objects."""


def object_loss(
    logits: Tensor,
    objects: Tensor,
    *,
    mode: ObjectLoss = "per_object_mean",
    valid: Tensor | None = None,
    most: int = MOST_OBJECTS,
) -> Tensor:
    """Return how much the pixels of an object differ in what they are said to be.

    Args:
        logits: (B, K, H, W).
        objects: Integer (B, H, W): number of a pixel's object within its image, 0 for none.
        mode: ``per_object_mean``: variance of the class probabilities within an object, the mean over the objects of
            an image and over images. ``official``: n**2 / (n + 1)**2 times the variance of the logits of an object of
            n pixels, summed over objects as large as they are, divided by B K H W.
        valid: Bool (B, H, W): pixels that show the image; others are in no object. All by default.
        most: As published, only objects 1 to ``most`` - 1 count; in ``per_object_mean`` all do, whatever their number.

    Returns:
        Scalar; 0 without an object.
    """
    numbers = objects.long()
    counted = numbers >= 1
    if valid is not None:
        counted &= valid
    if mode == "official":
        counted &= numbers < most
        last = most - 1
    # Bin 0 takes the pixels without an object.
    bins = (numbers * counted).flatten(1)
    if mode != "official":
        # A crop shows some of the objects of its image: without gaps they are few. The column of zeros keeps 0 as 0.
        bins = _ranks(F.pad(bins, (1, 0)))[:, 1:]
        last = int(bins.max())
    values = wide(logits)
    values = (values if mode == "official" else values.softmax(1)).flatten(2)
    sizes = values.new_zeros(len(bins), last + 1).scatter_add_(1, bins, torch.ones_like(bins, dtype=values.dtype))
    index = bins[:, None].expand_as(values)
    sums = values.new_zeros(*values.shape[:2], last + 1).scatter_add(2, index, values)
    inside = counted.flatten(1)[:, None]
    if mode == "official":
        size = sizes.gather(1, bins)[:, None]
        return ((size * values - sums.gather(2, index)) / (size + 1)).masked_fill(~inside, 0.0).square().mean()
    means = sums / sizes.clamp(min=1)[:, None]
    differences = (values - means.gather(2, index)).masked_fill(~inside, 0.0).square().sum(1)
    share = torch.zeros_like(sizes).scatter_add(1, bins, differences)[:, 1:] / sizes[:, 1:].clamp(min=1)
    present = (sizes[:, 1:] > 0).sum(1)
    return (share.sum(1) / present.clamp(min=1)).mean()


def consecutive_objects(objects: Tensor) -> Tensor:
    """Number the objects of every image 1, 2, 3, ... in the order of their numbers, as published.

    The smallest number of an image, 0 as a rule, is left as it is. A padded area of 255 becomes an object by this,
    which is why only the published computation does it.

    Args:
        objects: Integer (B, H, W) from 0.

    Returns:
        int64 (B, H, W).
    """
    flat = objects.long().flatten(1)
    ranks = _ranks(flat)
    return torch.where(ranks == 0, flat, ranks).view(objects.shape)


def _ranks(numbers: Tensor) -> Tensor:
    """Return the place of numbers (B, N) from 0 among those that their row holds."""
    present = torch.zeros(len(numbers), int(numbers.max()) + 1, dtype=torch.bool, device=numbers.device)
    return (present.scatter_(1, numbers, True).cumsum(1) - 1).gather(1, numbers)
