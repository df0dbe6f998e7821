"""Maps enlarged a few rows at a time."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def enlarged(maps: Tensor, shape: tuple[int, int], start: int, stop: int) -> Tensor:
    """Return some rows of maps resized bilinearly, as torch resizes them whole with ``align_corners=False``.

    Args:
        maps: (Q, h, w) float32.
        shape: (height, width) to which they are resized.
        start: First row wanted.
        stop: One past the last row wanted.

    Returns:
        (Q, stop - start, width).
    """
    rows = maps.shape[1]
    place = (torch.arange(start, stop, dtype=torch.float32, device=maps.device) + 0.5) * (rows / shape[0]) - 0.5
    above = place.clamp_(min=0).long().clamp_(max=rows - 1)
    share = (place - above)[None, :, None]
    below = (above + 1).clamp_(max=rows - 1)
    mixed = torch.lerp(maps[:, above], maps[:, below], share)
    return functional.interpolate(mixed[None], (stop - start, shape[1]), mode="bilinear")[0]
