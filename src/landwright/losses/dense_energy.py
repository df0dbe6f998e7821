"""The energy of a dense conditional random field as a loss: like pixels nearby should share their class.

Tang et al., "On Regularized Losses for Weakly-supervised CNN Segmentation", ECCV 2018, with the gate of its published
code: pixels that the network is sure of are left alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.filters.bilateral import bilateral_features
from landwright.filters.lattice import Lattice

_UNKNOWN = 255


def dense_energy(
    image: Tensor,
    probabilities: Tensor,
    valid: Tensor,
    labels: Tensor,
    *,
    sigma_rgb: float = 15.0,
    sigma_xy: float = 100.0,
    scale: float = 0.5,
    exact: bool = False,
) -> Tensor:
    """Sum over pairs of pixels how alike they are and how far they agree, with the sign of an energy.

    L = -1/B sum_k S_k . (G * W S_k), with S the probabilities of valid pixels, W the bilateral filter of a lattice (not
    normalised), and the gate G = 1 - max_k p, 1 at pixels without a label, 0 at pixels that are not valid. No gradient
    flows through the gate. The published gradient is -2/B G * W S: a pixel learns by its own gate alone, and not by
    those of the pixels that look at it. Computed in float32 at a part of the size, not weighted; published weight 1e-7.

    Args:
        image: Float (B, C, H, W) of values from 0 to 255, up to 6 bands.
        probabilities: (B, K, H, W).
        valid: Bool (B, H, W), false for padding.
        labels: Integer (B, H, W), 255 where there is none.
        sigma_rgb: Standard deviation of values.
        sigma_xy: Standard deviation of places in pixels of the image.
        scale: Part of the size that the energy is computed at.
        exact: The gradient of L for this gate, instead of the published one.

    Returns:
        Scalar, at most 0.
    """
    with torch.autocast(image.device.type, enabled=False):
        if probabilities.dtype != torch.float64:
            probabilities = probabilities.float()
        small = F.interpolate(image.float(), scale_factor=scale, mode="nearest")
        shares = F.interpolate(probabilities, scale_factor=scale, mode="bilinear", align_corners=False)
        inside, unknown = (
            F.interpolate(mask[:, None].to(shares), scale_factor=scale, mode="nearest")
            for mask in (valid, labels == _UNKNOWN)
        )
        gate = (inside - shares.detach().amax(1, keepdim=True)).clamp(min=0)
        gate = torch.where(unknown > 0, 1.0, gate)
        shares = shares * inside
        filtered = torch.stack(
            [
                _filter(Lattice(bilateral_features(picture, sigma_xy * scale, sigma_rgb)), one)
                for picture, one in zip(small, shares if exact else shares.detach(), strict=True)
            ]
        )
        energy = (shares * gate * filtered).sum()
        if not exact:
            # The value of the energy, and twice the gradient of one of its two factors.
            energy = 2 * energy - energy.detach()
    return -energy / len(image)


def _filter(lattice: Lattice, shares: Tensor) -> Tensor:
    return lattice.filter(shares.flatten(1).T).T.view_as(shares)
