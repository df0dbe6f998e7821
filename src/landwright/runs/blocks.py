"""Blocks: the rectangles that a map is cut into for several workers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from landwright.errors import UsageError

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


class Block(NamedTuple):
    """A rectangle of map pixels, cut at multiples of the block size.

    Attributes:
        row: Number of the block row, from 0.
        col: Number of the block column, from 0.
        row0: First row of pixels.
        row1: Row of pixels after the last.
        col0: First column of pixels.
        col1: Column of pixels after the last.
    """

    row: int
    col: int
    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def name(self) -> str:
        """What the block is called in files and messages, like ``r00012-c00003``."""
        return f"r{self.row:05d}-c{self.col:05d}"

    @property
    def height(self) -> int:
        """Number of rows of pixels."""
        return self.row1 - self.row0

    @property
    def width(self) -> int:
        """Number of columns of pixels."""
        return self.col1 - self.col0


def cut(height: int, width: int, block: int) -> list[Block]:
    """Cut a map into blocks, row by row; the last ones of a row and of a column may be smaller.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        block: Side of a block in pixels.

    Raises:
        UsageError: A size is not positive.
    """
    if height < 1 or width < 1:
        raise UsageError(f"a map of {height} x {width} pixels has no blocks", remedy="Give a map with pixels")
    if block < 1:
        raise UsageError(f"blocks of {block} pixels are not possible", remedy="Give a positive size, such as 8192")
    return [
        Block(top // block, left // block, top, min(top + block, height), left, min(left + block, width))
        for top in range(0, height, block)
        for left in range(0, width, block)
    ]


def shard(blocks: Sequence[Block], index: int, count: int) -> list[Block]:
    """Return the share of one of several workers that do not talk to each other.

    Neighbouring blocks go to different shares, so that empty regions are spread over all.

    Args:
        blocks: All blocks.
        index: Number of the share, 0..count - 1.
        count: Number of shares.

    Raises:
        UsageError: There is no such share.
    """
    if not 0 <= index < count:
        raise UsageError(f"there is no share {index}/{count}", remedy=_remedy(count))
    return list(blocks[index::count])


def parse_shard(text: str) -> tuple[int, int]:
    """Read the value of ``--shard``: ``i/n``, i from 0 as the indices of Slurm arrays and Kubernetes jobs.

    Returns:
        Index and count.

    Raises:
        UsageError: It is not of this form, or there is no such share.
    """
    found = _SHARD.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--shard {text!r} is not of the form i/n", remedy=_remedy(4))
    index, count = int(found[1]), int(found[2])
    if index >= count:
        raise UsageError(f"--shard {text!r}: there is no share {index} of {count}", remedy=_remedy(count))
    return index, count


def _remedy(count: int) -> str:
    last = max(count, 1)
    return f"Shares are counted from 0: with {last} of them, give 0/{last} to {last - 1}/{last}"
