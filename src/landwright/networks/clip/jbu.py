"""Upsampling of dense features by sixteen along the edges of the image: SimFeatUp's and FeatUp's JBU.

Li et al., "SegEarth-OV: Towards Training-Free Open-Vocabulary Segmentation for Remote Sensing Images", CVPR 2025,
arXiv 2410.01768, section 3.2 (``JbuOne``); Fu et al., "FeatUp", ICLR 2024, arXiv 2403.10516 (``JbuStack``).
Tensor names are those of the published checkpoints without their prefix ``upsampler.``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from landwright.networks.clip.bilateral import BilateralStep
from landwright.networks.registry import choose

FIX = 0.1
SMALLEST_NORM = 1e-12
DOUBLINGS = 4
RADIUS_ONE = 5
RADIUS_STACK = 3


class JbuUpsampler(nn.Module, ABC):
    """Four guided doublings, then a small linear correction. Base of both published forms.

    Args:
        dim: Channels D of the features.
    """

    def __init__(self, dim: int) -> None:
        """Make the correction; subclasses add their doublings."""
        super().__init__()
        # The identity holds the place of the dropout of training; the published names count it.
        self.fixup_proj = nn.Sequential(nn.Identity(), nn.Conv2d(dim, dim, 1))

    @property
    @abstractmethod
    def steps(self) -> Sequence[BilateralStep]:
        """The four doublings in order."""

    def forward(self, features: Tensor, guidance: Tensor) -> Tensor:
        """Upsample features in the joint space, not normalised.

        Args:
            features: (B, D, gh, gw).
            guidance: (B, 3, H, W), the normalised image that was encoded.

        Returns:
            (B, D, 16 gh, 16 gw), equal to the published result.
        """
        pairs = zip(features.permute(0, 2, 3, 1), guidance, strict=True)
        fine = torch.stack([torch.cat(list(self._strips(one, image))) for one, image in pairs])
        fine = fine.permute(0, 3, 1, 2)
        corrected: Tensor = fine + FIX * self.fixup_proj(fine)
        return corrected

    def similarities(self, features: Tensor, guidance: Tensor, queries: Tensor) -> Tensor:
        """Compare the upsampled features with queries, without making them.

        Upsampling is linear in the features, so it may be done on their coordinates in an orthonormal basis of the
        windows' own tokens: 196 channels for a window of 14 x 14 whatever D is, and products and lengths stay what
        they were. The correction is applied to the tokens; its constant part is added to products and lengths.

        Args:
            features: (B, D, gh, gw).
            guidance: (B, 3, H, W).
            queries: (Q, D), rows of length 1.

        Returns:
            Cosines (B, Q, 16 gh, 16 gw) in float32, equal to those of ``forward`` within rounding.
        """
        with torch.autocast(features.device.type, enabled=False):
            pairs = zip(features.float(), guidance.float(), strict=True)
            return torch.stack([self._cosines(one, image, queries.float()) for one, image in pairs])

    def _cosines(self, features: Tensor, guidance: Tensor, queries: Tensor) -> Tensor:
        correction = self.fixup_proj[1]
        assert isinstance(correction, nn.Conv2d)
        assert correction.bias is not None
        tokens = features.flatten(1).T
        tokens = tokens + FIX * tokens @ correction.weight[:, :, 0, 0].T
        constant = FIX * correction.bias
        basis = torch.linalg.qr(tokens.T).Q
        coordinates = torch.unflatten(tokens @ basis, 0, features.shape[1:])
        inside = constant @ basis
        outside = (constant - basis @ inside).square().sum()
        products = queries @ basis
        left = queries @ (constant - basis @ inside)
        strips = []
        for strip in self._strips(coordinates, guidance):
            shifted = strip + inside
            lengths = (shifted.square().sum(dim=-1) + outside).sqrt().clamp(min=SMALLEST_NORM)
            cosines = (products @ shifted.flatten(0, 1).T + left[:, None]) / lengths.flatten()
            strips.append(torch.unflatten(cosines, 1, strip.shape[:2]))
        return torch.cat(strips, dim=1)

    def _strips(self, source: Tensor, guidance: Tensor) -> Iterator[Tensor]:
        *first, last = self.steps
        for step in first:
            source = step(source, guidance)
        return last.strips(source, guidance)


class JbuOne(JbuUpsampler):
    """SimFeatUp's upsampler: one learned doubling, kernel 11 x 11, applied four times.

    Args:
        dim: Channels D of the features; the published weights have 512.
    """

    def __init__(self, dim: int) -> None:
        """Make the one doubling, with random weights."""
        super().__init__(dim)
        self.up = BilateralStep(RADIUS_ONE)

    @property
    def steps(self) -> Sequence[BilateralStep]:
        """The same doubling four times."""
        return (self.up,) * DOUBLINGS


class JbuStack(JbuUpsampler):
    """FeatUp's upsampler: four doublings with weights of their own, kernel 7 x 7.

    Args:
        dim: Channels D of the features; the published weights for CLIP have 512.
    """

    def __init__(self, dim: int) -> None:
        """Make the four doublings, with random weights."""
        super().__init__(dim)
        self.up1, self.up2, self.up3, self.up4 = (BilateralStep(RADIUS_STACK) for _ in range(DOUBLINGS))

    @property
    def steps(self) -> Sequence[BilateralStep]:
        """The four doublings in order."""
        return self.up1, self.up2, self.up3, self.up4


UPSAMPLERS: Mapping[str, type[JbuUpsampler]] = {"jbu-one": JbuOne, "jbu-stack": JbuStack}


def make_upsampler(name: str, dim: int) -> JbuUpsampler | None:
    """Build an upsampler with random weights.

    Args:
        name: ``none``, ``bilinear``, ``jbu-one`` or ``jbu-stack``. The first two need no module: similarities are
            enlarged afterwards.
        dim: Channels D of the features.

    Returns:
        The module, or None.

    Raises:
        UsageError: Unknown name.
    """
    chosen = choose("upsampler", name, ("none", "bilinear", *UPSAMPLERS))
    return UPSAMPLERS[chosen](dim) if chosen in UPSAMPLERS else None
