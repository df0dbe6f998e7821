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
    """

    def __init__(self, features: Tensor, weight: float) -> None:
        self._lattice = Lattice(features)
        self._norm = (self._lattice.filter(features.new_ones(len(features), 1)) + _EPS).rsqrt()
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
    with torch.autocast(device.type, enabled=False):
        log = probabilities.float().clamp(min=_LEAST).log().flatten(1).T
        places = spatial_features(height, width, gaussian_xy, device)
        colours = bilateral_features(image.movedim(-1, 0), bilateral_xy, bilateral_rgb)
        if valid is None:
            shares = _mean_field(
                log, [_Kernel(places, gaussian_weight), _Kernel(colours, bilateral_weight)], iterations
            )
        else:
            # Others may have any colour: a lattice that held them would pass values through their corners.
            shares, known = log.softmax(1), valid.flatten()
            if bool(known.any()):
                kernels = [_Kernel(places[known], gaussian_weight), _Kernel(colours[known], bilateral_weight)]
                shares[known] = _mean_field(log[known], kernels, iterations)
    return shares.T.reshape(classes, height, width)


def _mean_field(log: Tensor, kernels: list[_Kernel], iterations: int) -> Tensor:
    """Return what rounds make of logarithms (N, K)."""
    shares = log.softmax(1)
    for _ in range(iterations):
        total = log.clone()
        for kernel in kernels:
            total += kernel(shares)
        shares = total.softmax(1)
    return shares
