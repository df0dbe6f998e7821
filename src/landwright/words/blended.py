"""Scores of an image in memory, window by window, as a preset has its windows."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from landwright.networks.clip import slide
from landwright.networks.clip.slide import HasSimilarities, check_windows
from landwright.rasters.blend import Separable, partition
from landwright.rasters.starts import starts


def blended(
    network: HasSimilarities, image: Tensor, *, crop: int, stride: int, blend: Separable, batch: int = 16
) -> Tensor:
    """Score an image window by window, with the windows and weights that `landwright predict` takes.

    Args:
        network: Scores a batch of windows.
        image: Normalised (bands, H, W). But for ``uniform``, both sides are at least those of a window.
        crop: Side of a window in pixels.
        stride: Pixels from window to window; but for ``uniform`` the largest: windows are spread evenly.
        blend: ``uniform``, the published windows (:func:`landwright.networks.clip.slide`), or another one whose weights
            :func:`landwright.rasters.blend.partition` gives.
        batch: Number of windows at a time.

    Returns:
        Float32 (Q, H, W).

    Raises:
        UsageError: The windows would leave gaps, or there would be none.
    """
    if blend == "uniform":
        return slide(network, image[None], crop=crop, stride=stride, batch=batch)[0]
    check_windows(crop, stride, batch)
    rows, columns = (starts(side, crop, 1 - stride / crop) for side in image.shape[-2:])
    down, across = (torch.from_numpy(partition(crop, places, blend)).to(image.device) for places in (rows, columns))
    places = list(product(range(len(rows)), range(len(columns))))
    sums = None
    for first in range(0, len(places), batch):
        some = [
            (i, j, slice(rows[i], rows[i] + crop), slice(columns[j], columns[j] + crop))
            for i, j in places[first : first + batch]
        ]
        scores = network.similarities(torch.stack([image[:, tall, wide] for _, _, tall, wide in some])).float()
        if sums is None:
            sums = scores.new_zeros((scores.shape[1], *image.shape[-2:]))
        for (i, j, tall, wide), score in zip(some, scores, strict=True):
            sums[:, tall, wide].addcmul_(score, torch.outer(down[i], across[j]))
    assert sums is not None
    return sums
