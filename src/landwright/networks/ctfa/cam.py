"""Class activation maps over several scales and the mirror image, from which pseudo labels are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.networks.ctfa.encoder import Layout

SCALES = (1.0, 0.5, 1.5)
FLOOR = 1e-5


class HasCams(Protocol):
    """A network registered with ``tags=True``."""

    layout: Layout

    def cams(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return both activation maps (B, T, h, w) of one scale."""


@torch.no_grad()
def multi_scale_cams(
    network: HasCams, image: Tensor, scales: Sequence[float] = SCALES, *, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sum activation maps over scales and bring each to 0..1 (ToCo; published for CTFA and ATSG with these scales).

    Per scale, the greater of the map and that of the mirrored image counts, where it is above 0. At a size that is no
    multiple of the network's stride the image is padded, and the map cut back; the published code cuts the rest of the
    image off instead, and stretches the map of a grid of H // 16 rows over all of it.

    Args:
        network: A network with class activation maps, such as ``ctfa``.
        image: Normalised float32 (B, bands, H, W), any H and W.
        scales: Factors of the image's size, > 0.
        valid: Bool (B, H, W): pixels that show the image. What the network makes of padding does not count then; by
            default all pixels count, as published.

    Returns:
        Two maps (B, T, H, W) in 0..1, the second from the auxiliary block: per image and class the least value is 0
        and the greatest just below 1, over valid pixels; the others are 0. Classes that an image does not have are
        scaled alike: mask them by its tags.
    """
    sums: list[Tensor | None] = [None, None]
    height, width = image.shape[-2:]
    for scale in scales:
        size = [max(int(scale * side), 1) for side in (height, width)]
        scaled = image if scale == 1 else F.interpolate(image, size=size, mode="bilinear")
        both = network.cams(torch.cat((scaled, scaled.flip(-1))))
        for index, cam in enumerate(both):
            # The tokens may cover more than the image, which was padded to the stride.
            covered = [
                -(-tokens * network.layout.stride * side // part)
                for tokens, side, part in zip(cam.shape[-2:], (height, width), size, strict=True)
            ]
            wide = F.interpolate(cam.float(), size=covered, mode="bilinear")[..., :height, :width]
            plain, mirrored = wide.chunk(2)
            best = torch.maximum(plain, mirrored.flip(-1)).relu_()
            before = sums[index]
            sums[index] = best if before is None else before.add_(best)
    hidden = None if valid is None else ~valid[:, None]
    first, second = (_unit(total, hidden) for total in sums if total is not None)
    return first, second


def _unit(cam: Tensor, hidden: Tensor | None) -> Tensor:
    seen = cam if hidden is None else cam.masked_fill(hidden, torch.inf)
    cam = cam - seen.amin(dim=(2, 3), keepdim=True)
    if hidden is not None:
        cam = cam.masked_fill(hidden, 0.0)
    return cam / (cam.amax(dim=(2, 3), keepdim=True) + FLOOR)
