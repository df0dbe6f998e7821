"""Labels from class activation maps: thresholds, regions of interest, and labels that follow the edges of the image.

Rules of ToCo (Ru et al., "Token Contrast for Weakly-Supervised Semantic Segmentation", CVPR 2023) as CTFA and ATSG use
them. Maps are (B, T, H, W) in [0, 1], one channel per tagged class; tags (B, T) say which of them an image holds, and
the others take no part. With a background it is class 0 and tag t is class t + 1; without one tag t is class t.
Labels are int64, and 255 says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.errors import UsageError
from landwright.filters.par import pixel_adaptive_refinement

IGNORE = 255

OFF, UNSURE, ON = 0, 1, 2
"""Values of `roi_map`: nothing of what the tags name, perhaps, surely."""

_ABSENT, _HALF = -1.0, 0.5


def cam_labels(
    cam: Tensor,
    tags: Tensor,
    valid: Tensor | None,
    *,
    background: bool,
    bkg: float | None = None,
    high: float | None = None,
    low: float | None = None,
) -> Tensor:
    """Label every pixel by its strongest map.

    With ``high`` and ``low`` pixels in between are left out (training); without them every pixel gets a class
    (validation). Without a background there is nothing that a weak map could mean: up to ``low`` it is left out, and
    ``high`` and ``bkg`` have no effect, as in ATSG's variant.

    Args:
        cam: (B, T, H, W).
        tags: (B, T), above 0 for classes that the image holds.
        valid: Bool (B, H, W), false where labels are left out, or None.
        background: Whether class 0 is what is left.
        bkg: Up to this a pixel is background; without ``high`` and ``low``.
        high: Above this a pixel is labelled.
        low: Up to this a pixel is background.

    Returns:
        (B, H, W).

    Raises:
        UsageError: Thresholds are missing.
    """
    value, tag = _present(cam, tags).max(1)
    if not background:
        return _within(tag.masked_fill(value <= (_ABSENT if low is None else low), IGNORE), valid)
    label = tag + 1
    if high is not None and low is not None:
        label = label.masked_fill(value <= high, IGNORE).masked_fill(value <= low, 0)
    elif bkg is not None:
        label = label.masked_fill(value <= bkg, 0)
    else:
        raise UsageError("labels with a background need a threshold", remedy="Give bkg, or both high and low")
    return _within(label, valid)


def roi_map(cam: Tensor, tags: Tensor, high: float, low: float) -> Tensor:
    """Say where an image surely holds something that its tags name.

    Args:
        cam: (B, T, H, W).
        tags: (B, T).
        high: From here on surely.
        low: Up to here not at all.

    Returns:
        int64 (B, H, W): 0 (nothing), 1 (perhaps) or 2 (surely).
    """
    value = _present(cam, tags).amax(1)
    unsure = torch.full_like(value, UNSURE, dtype=torch.long)
    return unsure.masked_fill(value <= low, OFF).masked_fill(value >= high, ON)


def token_labels(
    cam: Tensor,
    tags: Tensor,
    valid: Tensor,
    size: tuple[int, int],
    *,
    background: bool,
    high: float,
    low: float,
    official: bool = False,
) -> tuple[Tensor, Tensor]:
    """Label the tokens of an image by its strongest map, for relations between them.

    Args:
        cam: (B, T, H, W).
        tags: (B, T).
        valid: Bool (B, H, W).
        size: (h, w) in tokens.
        background: Whether class 0 is what is left.
        high: Above this a token is labelled.
        low: Up to this a token is background, or left out where there is none.
        official: As published, token (i, j) is left out where pixel (i, j) is not valid, although a token covers many
            pixels. By default it is left out where less than half of what it covers is valid.

    Returns:
        Labels (B, h, w), and which tokens count as valid, bool (B, h, w).
    """
    small = F.interpolate(cam.float(), size=size, mode="bilinear", align_corners=False)
    if official:
        shown = valid[:, : size[0], : size[1]]
    else:
        shown = F.adaptive_avg_pool2d(valid[:, None].float(), size)[:, 0] >= _HALF
    return cam_labels(small, tags, shown, background=background, high=high, low=low), shown


@torch.no_grad()
def refined_labels(
    picture: Tensor,
    cam: Tensor,
    tags: Tensor,
    valid: Tensor | None,
    *,
    background: bool,
    high: float,
    low: float,
    official: bool = False,
) -> Tensor:
    """Label pixels by maps that were spread along the colours of the image (pseudo labels).

    The maps compete with a background of score ``high`` and, apart from that, with one of ``low``. What beats the first
    is labelled, what loses to the second is background, the rest is left out. Without a background the first turns
    down pixels (ATSG's variant), and ``low`` has no effect.

    Args:
        picture: (B, C, H, W) in [0, 1].
        cam: (B, T, H, W).
        tags: (B, T).
        valid: Bool (B, H, W), false where labels are left out, or None.
        background: Whether class 0 is what is left.
        high: Score that a class must beat.
        low: Score that the background must beat.
        official: Cut the picture to 256 levels first, as published.

    Returns:
        (B, H, W).
    """
    stacks, classes = _refine(picture, cam, tags, (high, low) if background else (high,), official=official)
    firsts = [classes.gather(1, stack.argmax(1).flatten(1)).view_as(stack[:, 0]) for stack in stacks]
    if not background:
        return _within(torch.where(firsts[0] == 0, IGNORE, firsts[0] - 1), valid)
    strict, loose = firsts
    label = strict.masked_fill(strict == 0, IGNORE).masked_fill((strict == 0) & (loose == 0), 0)
    return _within(label, valid)


@torch.no_grad()
def refined_scores(
    picture: Tensor,
    cam: Tensor,
    tags: Tensor,
    *,
    background: bool,
    bkg: float | None = None,
    official: bool = False,
) -> Tensor:
    """Spread maps along the colours of the image against one background, so that every pixel gets a class.

    Args:
        picture: (B, C, H, W) in [0, 1].
        cam: (B, T, H, W).
        tags: (B, T).
        background: Whether class 0 is what is left.
        bkg: Score of the background; without one it has no meaning.
        official: Cut the picture to 256 levels first, as published.

    Returns:
        Scores (B, K, H, W) of all classes; 0 for those without a tag.

    Raises:
        UsageError: The score of the background is missing.
    """
    if background and bkg is None:
        raise UsageError("scores with a background need its score", remedy="Give bkg, such as 0.5")
    (stack,), classes = _refine(picture, cam, tags, (bkg if background else None,), official=official)
    everything = stack.new_zeros((len(stack), cam.shape[1] + 1, *stack.shape[2:]))
    everything.scatter_add_(1, classes[:, :, None, None].expand_as(stack), stack)
    return everything if background else everything[:, 1:]


def _refine(
    picture: Tensor, cam: Tensor, tags: Tensor, backgrounds: Sequence[float | None], *, official: bool
) -> tuple[list[Tensor], Tensor]:
    """Spread the maps of classes that are there, at half the size of the image.

    Returns:
        For each background scores (B, 1 + M, H, W), the background's first (0 for None), and the numbers (B, 1 + M) of
        their channels: 0, then tag + 1. M is the largest number of tags of an image; others have channels of 0.
    """
    with torch.autocast(cam.device.type, enabled=False):
        size = (cam.shape[-2], cam.shape[-1])
        half = [max(1, side // 2) for side in size]
        if official:
            picture = (picture * 255).to(torch.uint8) / 255
        small = F.interpolate(picture.float(), size=half, mode="bilinear", align_corners=False)
        there, order = (tags > 0).to(torch.uint8).sort(dim=1, descending=True, stable=True)
        most = max(1, int(there.sum(1).max()))
        there, order = there[:, :most, None, None].bool(), order[:, :most]
        batch = torch.arange(len(cam), device=cam.device)[:, None]
        maps = F.interpolate(cam[batch, order].float(), size=half, mode="bilinear", align_corners=False)
        maps = maps.masked_fill(~there, -torch.inf)
        stacks = [_compete(maps, background) for background in backgrounds]
        spread = pixel_adaptive_refinement(small, torch.cat(stacks, 1))
        large = F.interpolate(spread, size=size, mode="bilinear", align_corners=False)
    return list(large.chunk(len(stacks), 1)), F.pad(order + 1, (1, 0))


def _compete(maps: Tensor, background: float | None) -> Tensor:
    score = -torch.inf if background is None else background
    shares = F.pad(maps, (0, 0, 0, 0, 1, 0), value=score).softmax(1)
    return shares.nan_to_num(0.0)  # an image without a tag, and without a background


def _present(cam: Tensor, tags: Tensor) -> Tensor:
    """Put maps of classes that are not there below all others."""
    return cam.masked_fill((tags <= 0)[:, :, None, None], _ABSENT)


def _within(label: Tensor, valid: Tensor | None) -> Tensor:
    return label if valid is None else label.masked_fill(~valid, IGNORE)
