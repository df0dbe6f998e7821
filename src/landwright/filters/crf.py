"""Class probabilities that agree with their surroundings: a fully connected conditional random field.

Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials", NeurIPS 2011, with
Potts potentials and kernels normalised on both sides, as pydensecrf computes it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from landwright.filters.bilateral import bilateral_features, spatial_features
from landwright.filters.lattice import Lattice

_LEAST, _EPS = 1e-5, 1e-20


class _Kernel:
    """A weighted Gaussian kernel K, normalised as n K n with n = 1 / sqrt(K 1).

    Args:
        features: (N, d).
        weight: Of its potential.
        known: (N, 1), 0 for pixels that take no part.
    """

    def __init__(self, features: Tensor, weight: float, known: Tensor) -> None:
        self._lattice = Lattice(features)
        self._norm = known / (self._lattice.filter(known) + _EPS).sqrt()
        self._weight = weight

    def __call__(self, shares: Tensor) -> Tensor:
        return self._weight * self._norm * self._lattice.filter(self._norm * shares)


@torch.no_grad()
def dense_crf(
    probabilities: Tensor,
    image: Tensor,
    *,
    valid: Tensor | None = None,
    iterations: int = 10,
    gaussian_xy: float = 1.0,
    gaussian_weight: float = 1.0,
    bilateral_xy: float = 121.0,
    bilateral_rgb: float = 5.0,
    bilateral_weight: float = 4.0,
) -> Tensor:
    """Let every pixel look at all others, those nearby and those of like colour most.

    The mean-field rounds are Q <- softmax(log p + sum_m w_m n_m K_m n_m Q). The defaults are those that published
    results on image-level tags were post-processed with.

    Args:
        probabilities: (K, H, W) in [0, 1]; below 1e-5 they count as 1e-5.
        image: uint8 (H, W, C), C at least 1.
        valid: Bool (H, W), false for pixels that take no part, or None. Their own result is p.
        iterations: Rounds.
        gaussian_xy: Standard deviation of places in pixels, of the kernel of nearness.
        gaussian_weight: Its weight.
        bilateral_xy: Standard deviation of places in pixels, of the kernel of colour.
        bilateral_rgb: Standard deviation of values.
        bilateral_weight: Its weight.

    Returns:
        Probabilities (K, H, W) that add up to 1.

    Raises:
        UsageError: The image has more bands than a lattice can tell apart (6 at these deviations, or fewer).
    """
    classes, height, width = probabilities.shape
    device = probabilities.device
    known = torch.ones(height * width, 1, device=device) if valid is None else valid.reshape(-1, 1).float()
    with torch.autocast(device.type, enabled=False):
        log = probabilities.float().clamp(min=_LEAST).log().flatten(1).T
        features = bilateral_features(image.movedim(-1, 0), bilateral_xy, bilateral_rgb)
        kernels = [
            _Kernel(spatial_features(height, width, gaussian_xy, device), gaussian_weight, known),
            _Kernel(features, bilateral_weight, known),
        ]
        shares = log.softmax(1)
        for _ in range(iterations):
            total = log.clone()
            for kernel in kernels:
                total += kernel(shares)
            shares = total.softmax(1)
    return shares.T.reshape(classes, height, width)
