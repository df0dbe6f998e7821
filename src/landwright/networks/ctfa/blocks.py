"""Transformer blocks run one after the other, with the tokens of one of them for the auxiliary class head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

AuxBlock = int | Literal["dynamic"]
"""Number of a block from 0, or ``dynamic``: the batch decides (ATSG)."""

FROM_END = 3
"""The auxiliary head reads the third block from the end: 9 of 0 to 11."""
CANDIDATES = 3
"""Blocks that a dynamic choice is made among; the last of them is the third from the end."""


class Encoded(NamedTuple):
    """What an encoder makes of a batch.

    Attributes:
        cls_token: Class token (B, D) after the last norm.
        auxiliary: Patch tokens (B, D, h, w) of the auxiliary block, not normalised.
        block: Number of the auxiliary block, an integer tensor without axes.
        tokens: Patch tokens (B, D, h, w) after the last norm.
    """

    cls_token: Tensor
    auxiliary: Tensor
    block: Tensor
    tokens: Tensor


def default_block(depth: int) -> int:
    """Return the block that CTFA's auxiliary head reads, of ``depth`` blocks."""
    return max(depth - FROM_END, 0)


def run_blocks(
    blocks: Sequence[nn.Module], norm: nn.Module, tokens: Tensor, grid: tuple[int, int], choice: AuxBlock
) -> Encoded:
    """Run all blocks.

    Args:
        blocks: The blocks in order.
        norm: The norm after the last block.
        tokens: (B, 1 + P, D), the class token first.
        grid: Rows and columns of the P patches.
        choice: The auxiliary block. ``dynamic`` takes, of the three blocks before the last two, the one whose mean
            token value is nearest to the mean over the three and the batch (ATSG's dynamic aggregation), so images
            of one batch depend on each other.

    Returns:
        Class token, patch tokens, and those of the auxiliary block.
    """
    last = default_block(len(blocks))
    first, last = (max(last - CANDIDATES + 1, 0), last) if choice == "dynamic" else (choice, choice)
    kept: list[Tensor] = []
    for number, block in enumerate(blocks):
        tokens = block(tokens)
        if first <= number <= last:
            kept.append(tokens[:, 1:])
    place = _nearest_to_mean(kept) if len(kept) > 1 else torch.zeros((), dtype=torch.long, device=tokens.device)
    # index_select: an index that lies on the GPU is never waited for.
    chosen = torch.stack(kept).index_select(0, place[None])[0] if len(kept) > 1 else kept[0]
    ended = norm(tokens)
    return Encoded(ended[:, 0], _as_map(chosen, grid), place + first, _as_map(ended[:, 1:], grid))


def _nearest_to_mean(candidates: Sequence[Tensor]) -> Tensor:
    means = torch.stack([tokens.detach().float().mean(dim=(1, 2)) for tokens in candidates])
    nearest: Tensor = (means - means.mean()).abs().mean(dim=1).argmin()
    return nearest


def _as_map(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, *grid)
