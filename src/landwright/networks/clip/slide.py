"""The published windows: of a fixed size and step, the last of a row shifted inwards, the mean where they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Protocol

import torch
from torch import Tensor

from landwright.errors import UsageError

CROP, STRIDE = 224, 112


class HasSimilarities(Protocol):
    """A network that scores pixels for queries."""

    def similarities(self, image: Tensor) -> Tensor:
        """Return (B, Q, h, w) for normalised (B, bands, h, w)."""
        ...


def slide(
    network: HasSimilarities, image: Tensor, *, crop: int = CROP, stride: int = STRIDE, batch: int = 16
) -> Tensor:
    """Score images window by window, several windows at a time.

    Args:
        network: Scores a batch of windows.
        image: Normalised images (B, bands, H, W).
        crop: Side of a window in pixels. Along a shorter side of the image the window is as long as the side; nothing
            is padded.
        stride: Pixels from window to window.
        batch: Number of windows at a time.

    Returns:
        Float32 (B, Q, H, W), the mean over the windows that see a pixel.

    Raises:
        UsageError: The windows would leave gaps, or there would be none.
    """
    check_windows(crop, stride, batch)
    height, width = image.shape[-2:]
    tall, wide = min(crop, height), min(crop, width)
    rows, columns = (list(_starts(side, crop, stride)) for side in (height, width))
    places = list(product(range(image.shape[0]), rows, columns))
    sums, counts = None, image.new_zeros((height, width), dtype=torch.float32)
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        windows = torch.stack([image[number, :, y : y + tall, x : x + wide] for number, y, x in some])
        scores = network.similarities(windows).float()
        if sums is None:
            sums = scores.new_zeros((image.shape[0], scores.shape[1], height, width))
        for (number, y, x), score in zip(some, scores, strict=True):
            sums[number, :, y : y + tall, x : x + wide] += score
            if number == 0:
                counts[y : y + tall, x : x + wide] += 1
    assert sums is not None
    return sums.div_(counts)


def check_windows(crop: int, stride: int, batch: int) -> None:
    """Refuse windows that would leave gaps, or none at all.

    Raises:
        UsageError: They would.
    """
    if not 1 <= stride <= crop or batch < 1:
        raise UsageError(
            f"windows of {crop} pixels every {stride}, {batch} at a time, leave gaps or do not exist",
            remedy="Take 1 <= stride <= crop and batch >= 1",
        )


def _starts(side: int, crop: int, stride: int) -> Iterator[int]:
    for number in range(max(side - crop + stride - 1, 0) // stride + 1):
        yield max(min(number * stride + crop, side) - crop, 0)
