"""How many windows go through the network together in the memory that there is."""

from __future__ import annotations

import numpy as np
import torch

from landwright.engine.memory import Peak, size_text
from landwright.engine.protocols import Scorer
from landwright.errors import UsageError

MOST = 64
"""Largest batch that is chosen; no network here grows quicker beyond it."""

_SHARE = 0.9
"""Share of a GPU's free memory that is used: its allocator needs room too."""

_FLOAT = 4

_STRIPS = 4
"""Rows of windows held at a time: the one in work, the one that is read, and what both are put together of."""

_CACHE = 100 * 10**6
"""GDAL's cache of blocks, rows on their way to the files, and what small memory is left between others."""


def fit_batch(scorer: Scorer, *, tile: int, bands: int, usual: int, limit: int | None = None, reserved: int = 0) -> int:
    """Measure how many windows the network takes at a time.

    Batches of one window and then of two go through the network; each further window is taken to need what the second
    did. On a GPU the batch fills the memory that is free, up to `MOST`. On a CPU more than the usual batch would not be
    quicker, so that it is only made smaller where the limit asks for it.

    Args:
        scorer: The network, on its device.
        tile: Side of a window in pixels.
        bands: Bands of the image, those of all dates together.
        usual: Batch that is used where nothing is asked.
        limit: Memory in bytes on that device besides the model's weights, or None for what is free.
        reserved: How much of it the map takes besides the batch: `sum_bytes` on a GPU, `map_bytes` on a CPU.

    Returns:
        At least 1.

    Raises:
        UsageError: Not even one window fits.
    """
    device = scorer.device
    if device.type != "cuda" and limit is None:
        return usual
    most = MOST if device.type == "cuda" else usual
    room = _room(device, limit) - reserved
    peak = Peak(device)
    if not _works(scorer, 1, tile, bands):
        raise _too_large(tile, None, room)
    one = peak()
    if one is not None and one > room:
        raise _too_large(tile, one, room)
    if most == 1 or not _works(scorer, 2, tile, bands):
        return 1
    two = peak()
    if one is None or two is None:
        return usual
    batch = min(most, 1 + (room - one) // max(1, two - one))
    # Workspaces of kernels may grow in leaps: the batch is tried before it is promised.
    while batch > 1 and not _works(scorer, batch, tile, bands):
        batch //= 2
    return batch


def check_sums(channels: int, tile: int, width: int, limit: int, *, device: torch.device | None = None) -> None:
    """Refuse a map whose sums alone do not fit: those of one row of windows, (channels, tile, width).

    Args:
        channels: Number of score maps.
        tile: Side of a window in pixels.
        width: Columns that are mapped at a time: a block's with its halo, or the raster's.
        limit: Memory in bytes.
        device: Where the sums are, for the message.

    Raises:
        UsageError: They need more.
    """
    needed = sum_bytes(channels, tile, width)
    if needed <= limit:
        return
    place = "" if device is None or device.type == "cpu" else f" on {device}"
    # A block's windows reach up to a tile beyond it on both sides.
    block = limit // (channels * tile * _FLOAT) - 2 * tile
    block_too = f", or --block {block}" if block >= tile else ""
    raise UsageError(
        f"the sums of one row of windows{place} take {size_text(needed)}, {channels} channels of {tile} x {width} "
        f"pixels, but {size_text(limit)} of memory are allowed",
        remedy=f"Allow more memory, or use a smaller --tile{block_too}",
    )


def sum_bytes(channels: int, tile: int, width: int) -> int:
    """Return the memory in bytes of the sums of one row of windows."""
    return channels * tile * width * _FLOAT


def map_bytes(channels: int, tile: int, width: int, *, bands: int, itemsize: int = 1) -> int:
    """Return about what a map takes in the main memory besides its batches, where the sums are there too.

    Args:
        channels: Number of score maps.
        tile: Side of a window in pixels.
        width: Columns that are mapped at a time.
        bands: Bands of the image, those of all dates together.
        itemsize: Bytes of a value.
    """
    strips = _STRIPS * (bands * itemsize + 1) * tile * width
    return sum_bytes(channels, tile, width) + strips + _CACHE


def _room(device: torch.device, limit: int | None) -> int:
    if device.type != "cuda":
        return limit or 0
    torch.cuda.empty_cache()
    free = int(_SHARE * torch.cuda.mem_get_info(device)[0])
    return free if limit is None else min(free, limit)


def _works(scorer: Scorer, batch: int, tile: int, bands: int) -> bool:
    """Send two batches through the network, and tell whether the memory sufficed."""
    pixels, valid = np.zeros((batch, bands, tile, tile), np.uint8), np.ones((batch, tile, tile), np.bool_)
    try:
        # While one is computed, the scores of the one before are summed.
        before = scorer(pixels, valid)
        scorer(pixels, valid)
        del before
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return False
    return True


def _too_large(tile: int, needed: int | None, room: int) -> UsageError:
    takes = "" if needed is None else f": it takes {size_text(needed)}"
    return UsageError(
        f"not even one window of {tile} pixels goes through the network in {size_text(max(0, room))} of memory{takes}",
        remedy="Use a smaller --tile, --precision bf16, or allow more memory",
    )
