"""Random changes of training tiles.

Nothing is ever invented: where a change brings unknown ground into the tile, the mask is ignore, never class 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from landwright.data.reading import Patch
from landwright.recipe import AugmentSpec


def draw_zoom(spec: AugmentSpec, rng: np.random.Generator) -> float:
    """Draw a zoom factor, log-uniform in the spec's range; 1 without a range.

    The zoom is done while reading, by a window ``1 / zoom`` times as large: zooming out shows real ground instead of a
    filled rim.
    """
    if spec.zoom is None:
        return 1.0
    low, high = spec.zoom
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def augment(patch: Patch, spec: AugmentSpec, rng: np.random.Generator) -> Patch:
    """Mirror, turn and recolour one square tile.

    Args:
        patch: Image (C, S, S) in sensor units, mask, validity and heights (S, S).
        spec: Which changes.
        rng: Source of all randomness.

    Returns:
        The changed tile; colours are not clipped to the sensor's range.
    """
    if spec.flip:
        axes = [axis for axis in (-2, -1) if rng.random() < 0.5]
        patch = _moved(patch, lambda plane: torch.flip(plane, axes))
    if spec.rotate:
        turns = int(rng.integers(4))
        patch = _moved(patch, lambda plane: torch.rot90(plane, turns, (-2, -1)))
    if spec.colour > 0:
        patch = patch._replace(image=_recolour(patch.image, patch.valid, spec.colour, rng))
    return _moved(patch, torch.Tensor.contiguous)


def _moved(patch: Patch, change: Callable[[torch.Tensor], torch.Tensor]) -> Patch:
    """Change all planes alike; heights are metres above ground, which turning does not alter."""
    height = None if patch.height is None else change(patch.height)
    return Patch(change(patch.image), change(patch.mask), change(patch.valid), height)


def _recolour(image: torch.Tensor, valid: torch.Tensor, most: float, rng: np.random.Generator) -> torch.Tensor:
    """Change the brightness of every band, and its contrast about its mean over the tile's valid pixels."""
    brightness, contrast = (
        torch.from_numpy(1 + rng.uniform(-most, most, (len(image), 1, 1)).astype(np.float32)) for _ in range(2)
    )
    count = valid.sum().clamp_min(1)
    mean = (image * valid).sum((-2, -1), keepdim=True) / count
    return torch.where(valid, (image - mean) * contrast + mean * brightness, image)
