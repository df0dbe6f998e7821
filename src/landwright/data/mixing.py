"""Which pixels of a mixed image come from synthetic ground, and which from the real image beneath."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landwright.legends import IGNORE

CUTMIX_ALPHA = 0.25


def classmix_mask(labels: NDArray[np.integer], rng: np.random.Generator, *, paper: bool = False) -> NDArray[np.bool_]:
    """Choose half of the classes of a source image at random, rounded up, and take all their pixels (ClassMix).

    Olsson et al., "ClassMix", WACV 2021.

    Args:
        labels: Integer (H, W) of the source image; 255 says nothing.
        rng: Source of all randomness.
        paper: Ground of which nothing is known counts as a class, as published with RS3DAda. By default it is never
            taken, and nothing is taken from an image without labels.

    Returns:
        Bool (H, W): True where the source image is taken.
    """
    present = np.unique(labels)
    if not paper:
        present = present[present != IGNORE]
    return np.isin(labels, rng.choice(present, (len(present) + 1) // 2, replace=False))


def cutmix_mask(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Leave a box of random place and size to the target image (CutMix, as RS3DAda uses it).

    Yun et al., "CutMix", ICCV 2019. The box keeps the image's proportions and is cut off at its rim; its share of the
    area is 1 - Beta(1/4, 1/4), mostly near 0 or 1.

    Args:
        shape: Height and width.
        rng: Source of all randomness.

    Returns:
        Bool (H, W): True outside the box, where the source image is taken.
    """
    side = np.sqrt(1 - rng.beta(CUTMIX_ALPHA, CUTMIX_ALPHA))
    height, width = shape
    columns, rows = (_span(rng.uniform(0, size), size * side, size) for size in (width, height))
    mask = np.ones(shape, dtype=bool)
    mask[rows, columns] = False
    return mask


def _span(centre: float, length: float, size: int) -> slice:
    return slice(int(max(centre - length / 2, 0)), int(min(centre + length / 2, size)))
