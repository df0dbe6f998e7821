"""From an image in memory to its map, as a preset says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.networks.clip import ClipNetwork
from landwright.words.blended import blended
from landwright.words.enlarge import enlarged
from landwright.words.preprocess import resize_long_side
from landwright.words.presets import Preset

_ROWS = 64
"""Rows decided at a time."""


@dataclass(frozen=True)
class Segmentation:
    """A map of one image.

    Attributes:
        indices: Index of the class at every pixel, uint8 (H, W), in the order of the vocabulary.
        probabilities: Share of every class, float32 (K, H, W) in 0..1, or None where they were not asked for.
    """

    indices: NDArray[np.uint8]
    probabilities: NDArray[np.float32] | None


def map_image(
    network: ClipNetwork,
    image: NDArray[np.uint8],
    preset: Preset,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    probabilities: bool = False,
    batch: int = 16,
) -> Segmentation:
    """Map an image that fits in memory; size, windows and their weights are the preset's, as in `landwright predict`.

    Args:
        network: Looks for the words; its attention and its other options are its own.
        image: uint8 (H, W, 3).
        preset: Settings of images and windows.
        mean: Mean of red, green and blue in 0..1 that the model expects to be subtracted.
        std: Standard deviation that it expects to be divided by.
        probabilities: Whether the shares of all classes are kept.
        batch: Number of windows at a time.
    """
    small = image if preset.resize is None else resize_long_side(image, preset.resize)
    height, width = small.shape[:2]
    crop = preset.crop or network.encoder.native
    if preset.blend != "uniform":  # a window is always whole: what it has beyond the image is its reflection
        small = np.pad(small, ((0, max(0, crop - height)), (0, max(0, crop - width)), (0, 0)), mode="reflect")
    with torch.inference_mode():
        pixels = normalized(small, mean, std, network.queries.device)
        scores = blended(network, pixels, crop=crop, stride=preset.stride or crop // 2, blend=preset.blend, batch=batch)
        return _decide(scores[:, :height, :width], image.shape[:2], network, probabilities)


def normalized(image: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float], device: torch.device) -> Tensor:
    """Scale an image uint8 (H, W, 3) as a model expects it, to float32 (3, H, W) on a device."""
    shift, scale = (torch.tensor(values, device=device)[:, None, None] for values in (mean, std))
    pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)
    return (pixels.float() / 255 - shift) / scale


def _decide(scores: Tensor, shape: tuple[int, int], network: ClipNetwork, wanted: bool) -> Segmentation:
    """Bring similarities (Q, h, w) to the image's size and choose classes, a few rows at a time."""
    height, width = shape
    indices = np.empty(shape, dtype=np.uint8)
    shares = np.empty((network.rule.classes, height, width), dtype=np.float32) if wanted else None
    for start in range(0, height, _ROWS):
        stop = min(start + _ROWS, height)
        rows = enlarged(scores, (height, width), start, stop)
        indices[start:stop] = network.rule.decide(rows)[0].cpu().numpy()
        if shares is not None:
            shares[:, start:stop] = network.rule.probabilities(rows, 0).cpu().numpy()
    return Segmentation(indices, shares)
