"""Joint-bilateral upsampling computed plainly, as its description reads: the yardstick of `jbu.py`.

Same weights and same outputs as `landwright.networks.clip.jbu`, other arithmetic: the neighbourhood of every pixel is
unfolded for every channel and summed with the pixel's kernel. Channels go in groups, so that memory is no obstacle.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.networks.clip.bilateral import BilateralStep
from landwright.networks.clip.jbu import JbuUpsampler

GROUP = 32


def kernels(step: BilateralStep, guidance: Tensor) -> Tensor:
    """Return the kernels (B, taps, H, W) for guidance (B, 3, H, W)."""
    radius, side = step.radius, 2 * step.radius + 1
    keys = step.range_proj(guidance)
    batch, channels, height, width = keys.shape
    around = F.unfold(F.pad(keys, (radius,) * 4, mode="reflect"), side).view(batch, channels, side**2, height, width)
    alike = (around * keys[:, :, None]).sum(dim=1)
    range_kernel = (step.range_temp.exp().clamp(1e-4, 1e4) * alike).softmax(dim=1)
    line = torch.linspace(-1, 1, side)
    distance = line[:, None] ** 2 + line[None, :] ** 2
    spatial_kernel = torch.exp(-distance / (2 * step.sigma_spatial**2)).reshape(1, -1, 1, 1)
    combined = range_kernel * spatial_kernel
    combined = combined / combined.sum(dim=1, keepdim=True).clamp(min=1e-7)
    return combined + 0.1 * step.fixup_proj(torch.cat((combined, guidance), dim=1))


def double(step: BilateralStep, source: Tensor, image: Tensor) -> Tensor:
    """Double features (B, D, h, w)."""
    size = (2 * source.shape[2], 2 * source.shape[3])
    mixing = kernels(step, F.adaptive_avg_pool2d(image, size)).flatten(2)
    fine = F.pad(F.interpolate(source, size, mode="bicubic"), (step.radius,) * 4, mode="reflect")
    found = []
    for group in fine.split(GROUP, dim=1):
        around = F.unfold(group, 2 * step.radius + 1).unflatten(1, (group.shape[1], -1))
        found.append((around * mixing[:, None]).sum(dim=2).unflatten(2, size))
    return torch.cat(found, dim=1)


def upsample(upsampler: JbuUpsampler, features: Tensor, image: Tensor) -> Tensor:
    """Upsample features (B, D, gh, gw) by 16."""
    for step in upsampler.steps:
        features = double(step, features, image)
    return features + 0.1 * upsampler.fixup_proj(features)


def similarities(upsampler: JbuUpsampler, features: Tensor, image: Tensor, queries: Tensor) -> Tensor:
    """Return cosines (B, Q, 16 gh, 16 gw) of the upsampled features with unit queries (Q, D)."""
    fine = F.normalize(upsample(upsampler, features, image), dim=1)
    return torch.einsum("bdhw,qd->bqhw", fine, queries)
