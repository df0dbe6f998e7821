"""How overlapping windows are weighted along one side of a raster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Separable = Literal["cosine", "gaussian", "crop", "rs3dada", "uniform"]
"""Blends whose weights are the product of one weight by row and one by column."""

Blend = Literal["cosine", "gaussian", "crop", "paraformer", "rs3dada", "uniform"]
BLENDS: tuple[str, ...] = get_args(Blend)


def profile(
    tile: int, blend: Separable, *, first: bool = False, last: bool = False, stride: int | None = None
) -> NDArray[np.float64]:
    """Return the weights of one window along one side, before normalisation.

    Args:
        tile: Side of the window in pixels.
        blend: ``cosine``: squared sine over the whole window; ``gaussian``: standard deviation tile / 8, as in
            nnU-Net (Isensee et al. 2021); ``crop``: as cosine, for `partition` to choose the largest; ``rs3dada``:
            1 but for straight declines over the overlap, as published with that network, at the raster's border too;
            ``uniform``: 1, as published with SegEarth-OV (Li et al., CVPR 2025).
        first: The window starts at the raster's border: no decline on that side, where nothing else looks further.
        last: The same for the end.
        stride: Step of the windows, which ``rs3dada`` asks for; None is the whole tile, without a decline.

    Returns:
        (tile,) weights in (0, 1], never 0.
    """
    if blend == "uniform":
        return np.ones(tile)
    if blend == "rs3dada":
        step = tile if stride is None else stride
        ramp = 1 - np.maximum(np.arange(tile) - step + 1, 0) / (1 + tile - step)
        return ramp * ramp[::-1]
    centre = (tile - 1) / 2
    offset = np.arange(tile) - centre
    if first:
        offset = np.maximum(offset, 0)
    if last:
        offset = np.minimum(offset, 0)
    weights: NDArray[np.float64] = np.cos(np.pi * offset / (tile + 1)) ** 2
    if blend == "gaussian":
        weights = np.exp(-0.5 * (offset / (tile / 8)) ** 2)
    return weights


def partition(tile: int, positions: Sequence[int], blend: Separable) -> NDArray[np.float32]:
    """Return the weights of all windows along one side; at every pixel they sum to 1.

    The sum is divided out here, where it is known exactly, in double precision: nothing has to be added to a divisor
    later to keep it from zero, and no pixel of the border is lost.

    Args:
        tile: Side of a window in pixels.
        positions: First pixel of each window, increasing, without gaps (`starts.starts`).
        blend: ``cosine``, ``gaussian``, ``rs3dada`` and ``uniform`` mix all windows on a pixel; ``crop`` takes the one
            that sees furthest around it.

    Returns:
        (windows, tile) float32 weights.
    """
    ends = range(len(positions))
    stride = positions[1] - positions[0] if len(positions) > 1 else None
    raw = np.stack([profile(tile, blend, first=i == 0, last=i == ends[-1], stride=stride) for i in ends])
    length = positions[-1] + tile
    if blend == "crop":
        best = np.zeros(length)
        owner = np.zeros(length, dtype=np.intp)
        for i, start in enumerate(positions):
            ahead = raw[i] > best[start : start + tile]
            best[start : start + tile][ahead] = raw[i][ahead]
            owner[start : start + tile][ahead] = i
        return np.stack([owner[start : start + tile] == i for i, start in enumerate(positions)]).astype(np.float32)
    total = np.zeros(length)
    for weights, start in zip(raw, positions, strict=True):
        total[start : start + tile] += weights
    return np.stack([w / total[start : start + tile] for w, start in zip(raw, positions, strict=True)]).astype(
        np.float32
    )
