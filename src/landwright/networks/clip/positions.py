"""Position tables for another number of tokens: two published rules for images, LongCLIP's for texts.

Zhang et al., "Long-CLIP: Unlocking the Long-Text Capability of CLIP", ECCV 2024, arXiv 2403.15378.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

KEPT = 20
"""Text positions that LongCLIP leaves as they are: few captions are longer."""
LONG_CONTEXT = 248

_OFFSET = 0.1
_STRETCH = 4


def fit_positions(
    table: Tensor, native: tuple[int, int], grid: tuple[int, int], *, prefix: int = 1, antialias: bool = False
) -> Tensor:
    """Fit an image tower's position table to a grid of patches by bicubic interpolation.

    Without ``antialias`` the scale is passed with 0.1 patch added and not the size, which moves the sampling points, as
    in SCLIP, SegEarth-OV and RS-OVSS. With it, sizes are passed, as in GEM.

    Args:
        table: (prefix + rows * columns, C) of the native grid.
        native: Rows and columns that the table was made for.
        grid: Rows and columns wanted.
        prefix: Number of leading entries that belong to no patch.
        antialias: Take GEM's rule.

    Returns:
        (prefix + rows * columns, C) of the grid; the table itself where the grid is the native one.
    """
    if grid == native:
        return table
    first, rest = table[:prefix], table[prefix:]
    square = rest.float().T.reshape(1, -1, *native)
    if antialias:
        fitted = F.interpolate(square, grid, mode="bicubic", antialias=True)
    else:
        scale = ((grid[0] + _OFFSET) / native[0], (grid[1] + _OFFSET) / native[1])
        fitted = F.interpolate(square, scale_factor=scale, mode="bicubic")
    return torch.cat((first, fitted[0].flatten(1).T.to(table.dtype)))


def merge_positions(positions: Tensor, long: Tensor) -> Tensor:
    """Join the two tables of a LongCLIP checkpoint to the one that a plain tower reads.

    Args:
        positions: ``positional_embedding`` (248, C), of which LongCLIP reads the first 20 entries.
        long: ``positional_embedding_res`` (248, C), of which it reads the others.

    Returns:
        (248, C).
    """
    return torch.cat((positions[:KEPT], long[KEPT:]))


def stretch_positions(positions: Tensor) -> Tensor:
    """Stretch the text positions of CLIP to LongCLIP's as its training begins.

    The first 20 stay, between the others three are put on a line, and the last four go on along the last step.

    Args:
        positions: (77, C).

    Returns:
        (248, C).
    """
    tail = positions[KEPT:]
    steps = torch.cat((tail.diff(dim=0), (tail[-1] - tail[-2])[None]))
    parts = torch.arange(_STRETCH, dtype=tail.dtype, device=tail.device) / _STRETCH
    stretched = tail[:, None] + parts[:, None] * steps[:, None]
    return torch.cat((positions[:KEPT], stretched.flatten(0, 1)))
