"""Segments of an image: pieces of like colour, over which the scores of a map can be averaged."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError

SCALE: Final = 100.0
"""Felzenszwalb's scale of observation: larger joins more."""
SIGMA: Final = 0.8
"""Blur in pixels before felzenszwalb, the paper's own."""
SMALLEST: Final = 40
"""Smallest segment of felzenszwalb in pixels."""
SUPERPIXEL: Final = 256
"""Pixels of an average segment of slic."""
COMPACTNESS: Final = 10.0
"""Weight of nearness against colour in slic."""


def felzenszwalb(
    image: NDArray[np.uint8], *, scale: float = SCALE, sigma: float = SIGMA, smallest: int = SMALLEST
) -> NDArray[Any]:
    """Segments of very different sizes that follow edges (Felzenszwalb and Huttenlocher, IJCV 2004).

    Args:
        image: (H, W, 3) or (H, W, 1).
        scale: Scale of observation.
        sigma: Blur in pixels.
        smallest: Pixels of the smallest segment.
    """
    found: NDArray[Any] = _skimage("segmentation").felzenszwalb(image, scale=scale, sigma=sigma, min_size=smallest)
    return found


def slic(image: NDArray[np.uint8], *, superpixel: int = SUPERPIXEL, compactness: float = COMPACTNESS) -> NDArray[Any]:
    """Segments of about the same size, by k-means of colour and place (Achanta et al., TPAMI 2012).

    Args:
        image: (H, W, 3) or (H, W, 1).
        superpixel: Pixels of an average segment.
        compactness: Weight of nearness against colour.
    """
    number = max(1, image.shape[0] * image.shape[1] // superpixel)
    found: NDArray[Any] = _skimage("segmentation").slic(image, n_segments=number, compactness=compactness)
    return found


PROVIDERS: Final[dict[str, Callable[..., NDArray[Any]]]] = {"felzenszwalb": felzenszwalb, "slic": slic}
"""What `segments` knows, by name: each cuts an image (H, W, 3) or (H, W, 1) into segments with any numbers (H, W)."""


def segments(
    name: str, image: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None, **settings: float
) -> NDArray[np.int32]:
    """Cut an image into segments.

    Args:
        name: One of `PROVIDERS`.
        image: (H, W, B) uint8 of any size and number of bands; the first three count, or the first of fewer.
        valid: (H, W), False where the image has no data. Those pixels are a segment of their own, and none joins what
            lies on both sides of them.
        settings: Those of the provider that differ from its defaults.

    Returns:
        (H, W) int32 numbers, from 0 without gaps; the same for the same image.

    Raises:
        UsageError: If there is no such provider, or scikit-image is not installed.
    """
    if name not in PROVIDERS:
        near = get_close_matches(name, PROVIDERS, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(map(repr, sorted(PROVIDERS)))}"
        raise UsageError(f"segments by {name!r} are unknown", remedy=remedy)
    if image.size == 0:
        return np.zeros(image.shape[:2], np.int32)
    bands = 3 if image.shape[2] >= 3 else 1
    found: NDArray[Any] = PROVIDERS[name](np.ascontiguousarray(image[:, :, :bands]), **settings)
    if valid is not None and not valid.all():
        found = _skimage("measure").label(np.where(valid, found, -1), background=-1, connectivity=2)
    _, numbers = np.unique(found, return_inverse=True)
    return numbers.reshape(found.shape).astype(np.int32)


def _skimage(part: str) -> ModuleType:
    try:
        return import_module(f"skimage.{part}")
    except ImportError as error:
        raise UsageError(
            "segments need scikit-image", remedy="Install it with: pip install 'landwright[words]'"
        ) from error
