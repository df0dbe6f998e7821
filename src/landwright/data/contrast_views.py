"""Changes of colour and sharpness for views that are contrasted with each other.

The strengths are those of ToCo (Ru et al., CVPR 2023), which CTFA and ATSG share.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from landwright.data.photometric import jitter

STRENGTHS = (0.4, 0.4, 0.2, 0.1)
JITTER_SHARE = 0.8
GREY_SHARE = 0.2
SIGMAS = (0.1, 2.0)
_REACH = 3
_COLOURS = 3


def contrast_view(
    image: Tensor,
    rng: np.random.Generator,
    *,
    full: float,
    blurred: float,
    solarised: float = 0.0,
    strength: float = 1.0,
) -> Tensor:
    """Change colours in 4 of 5 cases, make one of 5 grey, blur, and turn bright values over.

    Saturation and hue are those of three bands; images of any other number of bands keep them.

    Args:
        image: Float32 (C, H, W) in sensor units.
        rng: Source of all randomness.
        full: Value that counts as white, such as 255.
        blurred: Share of views that are blurred, by a Gaussian of 0.1 to 2 pixels.
        solarised: Share of views in which values above half of ``full`` are turned over.
        strength: Multiplies the sizes of all changes, and the shares of all but the first: 1 as published, 0 for none.

    Returns:
        Float32 (C, H, W) from 0 to ``full``.
    """
    brightness, contrast, saturation, hue = (strength * most for most in STRENGTHS)
    strengths = (brightness, contrast, saturation, hue)
    pixels = image
    if rng.random() < JITTER_SHARE:
        pixels = torch.from_numpy(jitter(image.numpy(), rng, full=full, strengths=strengths))
    pixels = (pixels / full).clamp(0, 1)
    if rng.random() < strength * GREY_SHARE:
        colours = len(pixels) == _COLOURS
        grey = functional.rgb_to_grayscale(pixels) if colours else pixels.mean(0, keepdim=True)
        pixels = grey.expand_as(pixels)
    if rng.random() < strength * blurred:
        least, most = SIGMAS
        sigma = float(rng.uniform(least, max(least, strength * most)))
        reach = min(math.ceil(_REACH * sigma), *(side - 1 for side in pixels.shape[1:]))  # edges are mirrored
        if reach:
            pixels = functional.gaussian_blur(pixels.contiguous(), [2 * reach + 1] * 2, [sigma] * 2)
    if rng.random() < strength * solarised:
        pixels = functional.solarize(pixels, 0.5)
    return pixels * full
