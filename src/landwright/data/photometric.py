"""Other colours and another sharpness of the same ground, as a teacher's second view and a student's harder one.

The strengths are those of RS3DAda, whose library has changed its own since: 0.2 for brightness, contrast, saturation
and hue, and a blur of 3, 5 or 7 pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

Image = NDArray[np.float32]
"""(C, H, W) in sensor units."""

STRENGTHS = (0.2, 0.2, 0.2, 0.2)
"""Largest changes of brightness, contrast, saturation and hue."""

KERNELS = (3, 5, 7)
JITTER_SHARE, BLUR_SHARE, EITHER = 0.8, 0.5, 0.5


def strong(image: Image, rng: np.random.Generator, *, full: float) -> Image:
    """Change colours in 4 of 5 cases, and blur in half of them: what a student sees of a mixed image.

    Args:
        image: Float32 (C, H, W) in sensor units.
        rng: Source of all randomness.
        full: Largest value of the sensor, such as 255.

    Returns:
        Float32 (C, H, W) from 0 to ``full`` where anything was changed.
    """
    return _perhaps(image, rng, full, JITTER_SHARE, BLUR_SHARE)


def second_view(image: Image, rng: np.random.Generator, *, full: float) -> Image:
    """Change nothing in half of the cases, else colours, sharpness, or each of them with even odds.

    Args:
        image: Float32 (C, H, W) in sensor units.
        rng: Source of all randomness.
        full: Largest value of the sensor, such as 255.

    Returns:
        Float32 (C, H, W).
    """
    if rng.random() < EITHER:
        return image
    way = int(rng.integers(3))
    if way == 0:
        return jitter(image, rng, full=full)
    return blur(image, rng) if way == 1 else _perhaps(image, rng, full, EITHER, EITHER)


def jitter(
    image: Image,
    rng: np.random.Generator,
    *,
    full: float,
    strengths: tuple[float, float, float, float] = STRENGTHS,
) -> Image:
    """Change brightness, contrast, saturation and hue, in random order.

    Saturation and hue are those of three bands; images of any other number of bands keep them, and have the contrast of
    every band changed about its own mean.

    Args:
        image: Float32 (C, H, W) in sensor units.
        rng: Source of all randomness.
        full: Largest value of the sensor, such as 255.
        strengths: Largest changes of brightness, contrast and saturation, relative, and of hue, in turns.

    Returns:
        Float32 (C, H, W) from 0 to ``full``.
    """
    most = np.array(strengths[:3])
    brightness, contrast, saturation = rng.uniform(1 - most, 1 + most).tolist()
    hue = float(rng.uniform(-strengths[3], strengths[3]))
    order = rng.permutation(4)
    pixels = (torch.from_numpy(image) / full).clamp(0, 1)
    colours = len(pixels) == 3
    if not colours:
        pixels = pixels[:, None]  # a stack of grey images
    for change in order:
        if change == 0:
            pixels = functional.adjust_brightness(pixels, brightness)
        elif change == 1:
            pixels = functional.adjust_contrast(pixels, contrast)
        elif change == 2 and colours:
            pixels = functional.adjust_saturation(pixels, saturation)
        elif colours:
            pixels = functional.adjust_hue(pixels, hue)
    return _numpy((pixels if colours else pixels[:, 0]) * full)


def blur(image: Image, rng: np.random.Generator) -> Image:
    """Blur by a Gaussian of 3, 5 or 7 pixels, whose standard deviation follows from its size (0.15 size + 0.35).

    Args:
        image: Float32 (C, H, W).
        rng: Source of all randomness.

    Returns:
        Float32 (C, H, W); edges are mirrored.
    """
    size = int(rng.choice(KERNELS))
    return _numpy(functional.gaussian_blur(torch.from_numpy(image), [size, size]))


def _perhaps(image: Image, rng: np.random.Generator, full: float, jitters: float, blurs: float) -> Image:
    if rng.random() < jitters:
        image = jitter(image, rng, full=full)
    return blur(image, rng) if rng.random() < blurs else image


def _numpy(pixels: Tensor) -> Image:
    changed: Image = pixels.numpy()
    return changed
