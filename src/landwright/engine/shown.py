"""Rasters that a model sees coarser than they are: reduced while they are read, their scores enlarged row by row."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Summing, just_do
from landwright.engine.stream import Tally, Tiling, map_windows
from landwright.rasters import Window

_ROWS = 512
"""Rows of the raster that are read at a time."""
_PIECE = 64
"""Rows reduced or handed out at a time."""


def shown_as(shape: tuple[int, int], tiling: Tiling, zoom: float) -> tuple[tuple[int, int], Tiling]:
    """Return the (height, width) that windows are cut from, and these windows in its pixels.

    Where the model sees a raster coarser than it is, these are the sides and windows as it sees them, so that sums of
    scores take the memory of those. Else both stay as they are.
    """
    if zoom >= 1:
        return shape, tiling
    height, width = (max(1, round(side * zoom)) for side in shape)
    return (height, width), replace(tiling, tile=round(tiling.tile * zoom))


def map_shown(
    reader: Reader,
    scorer: Scorer,
    sink: Sink,
    tiling: Tiling,
    shape: tuple[int, int],
    *,
    progress: Progress | None = None,
    summing: Summing = just_do,
) -> Tally:
    """Map a raster in the windows of a smaller one, and hand on scores enlarged to the raster's own rows.

    Pixels are means of what they cover, scores are enlarged bilinearly. The raster is read once, from top to bottom;
    what is held of it is its validity, a bit per pixel, in the rows of a few rows of windows.

    Args:
        reader: The raster.
        scorer: The network.
        sink: Takes the rows; every row of the raster exactly once, in order.
        tiling: Windows, in pixels of the smaller raster.
        shape: (height, width) of the smaller raster.
        progress: Called after every batch and at the end.
        summing: See `map_windows`.

    Returns:
        The number of windows, and of valid pixels of the raster itself.
    """
    pixels = math.prod(reader.shape)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(done * pixels // total, pixels)

    small = ShownReader(reader, shape)
    enlarging = EnlargingSink(sink, small, reader.shape)
    tally = map_windows(small, scorer, enlarging, tiling, progress=tell, summing=summing)
    return replace(tally, valid=enlarging.valid)


class ShownReader:
    """A raster reduced to fewer pixels, to be read from top to bottom; the engine's `Reader`.

    A pixel is the mean of the valid pixels around it, whose weights decline straight to 0 at the distance of the next
    one's centre (torch's antialiased bilinear interpolation). It is valid where one of them is.

    Args:
        reader: The raster.
        shape: (height, width) of the smaller one.

    Attributes:
        shape: The same.
    """

    def __init__(self, reader: Reader, shape: tuple[int, int]) -> None:
        """Read nothing yet."""
        self.shape = shape
        self._reader = reader
        self._step = reader.shape[0] / shape[0]
        self._read = 0
        self._begun: Tensor | None = None
        self._valid: deque[NDArray[np.uint8]] = deque()

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return float32 pixels (C, h, w) and validity (h, w) of whole rows, which follow those read before."""
        height = self._reader.shape[0]
        stop = min(height, math.ceil((window.row + window.height + 0.5) * self._step))
        begun = min(self.shape[0], int(stop / self._step) + 2) - window.row
        sums = self._begun
        for row in range(self._read, stop, _ROWS):
            end = min(row + _ROWS, stop)
            piece = self._narrowed(row, end)
            if sums is None:
                sums = piece.new_zeros((len(piece), 0, self.shape[1]))
            sums = functional.pad(sums, (0, 0, 0, begun - sums.shape[1]))
            first = max(0, int(row / self._step) - 1 - window.row)
            last = min(begun, int(end / self._step) + 2 - window.row)
            weights = self._weights(window.row + first, window.row + last, row, end)
            sums[:, first:last] += torch.einsum("ty,cyx->ctx", weights, piece)
        self._read = stop
        assert sums is not None
        self._begun = sums[:, window.height :].clone()
        share = sums[-1, : window.height]
        # What lies next to nodata is divided by what is known of it.
        pixels = sums[:-1, : window.height] / share.masked_fill(share == 0, 1)
        return pixels.numpy(), (share > 0).numpy()

    def take_valid(self, rows: int) -> NDArray[np.bool_]:
        """Return the validity (rows, W) of the raster's own next rows, each once."""
        packed = np.stack([self._valid.popleft() for _ in range(rows)])
        return np.unpackbits(packed, axis=1, count=self._reader.shape[1]).view(np.bool_)

    def _narrowed(self, row: int, end: int) -> Tensor:
        """Read rows of the raster and reduce their width: (C + 1, rows, w), the last of them validity."""
        width = self._reader.shape[1]
        pixels, valid = self._reader.read_with_valid(Window(row, 0, end - row, width))
        self._valid.extend(np.packbits(valid, axis=1))
        narrow = []
        # Few rows at a time: as float32 a wide raster takes four times its bytes.
        for top in range(0, end - row, _PIECE):
            part = slice(top, top + _PIECE)
            known = np.empty((len(pixels) + 1, *valid[part].shape), dtype=np.float32)
            known[:-1] = np.where(valid[part], pixels[:, part], 0)
            known[-1] = valid[part]
            size = (known.shape[1], self.shape[1])
            narrow.append(functional.interpolate(torch.from_numpy(known)[None], size, mode="bilinear", antialias=True))
        return torch.cat(narrow, dim=2)[0]

    def _weights(self, first: int, last: int, row: int, end: int) -> Tensor:
        """Weights (smaller rows, rows) of the raster's rows; they are divided out with the validity."""
        centres = (torch.arange(first, last, dtype=torch.float64) + 0.5) * self._step
        places = torch.arange(row, end, dtype=torch.float64) + 0.5
        return (1 - (places - centres[:, None]).abs() / self._step).clamp_(min=0).float()


class EnlargingSink:
    """Enlarges the scores of a smaller raster bilinearly; the engine's `Sink`.

    Args:
        sink: Takes the rows of the raster.
        reader: What the smaller raster is read by, which knows what is valid.
        shape: (height, width) of the raster.

    Attributes:
        valid: Number of valid pixels so far.
    """

    def __init__(self, sink: Sink, reader: ShownReader, shape: tuple[int, int]) -> None:
        """Wait for the first rows."""
        self._sink, self._reader, self._shape = sink, reader, shape
        self._above: Tensor | None = None
        self._next = self.valid = 0

    def write(self, row: int, scores: Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (K, n, w) of smaller rows; see `protocols.Sink`."""
        known = scores if self._above is None else torch.cat([self._above, scores], dim=1)
        first, end = row + scores.shape[1] - known.shape[1], row + scores.shape[1]
        height, rows = self._shape[0], self._reader.shape[0]
        # Rows above the centre of the last one lie between two that are known; below the last of all there is none.
        stop = height if end == rows else int((end - 0.5) * height / rows + 0.5)
        while self._next < stop:
            last = min(self._next + _PIECE, stop)
            mixed = self._between(known, first, last)
            seen = self._reader.take_valid(last - self._next)
            self.valid += int(np.count_nonzero(seen))
            self._sink.write(self._next, mixed, seen)
            self._next = last
        self._above = known[:, -1:].clone()

    def _between(self, known: Tensor, first: int, last: int) -> Tensor:
        """Return the raster's next rows (K, n, W) up to ``last`` from smaller rows, the first of which is ``first``."""
        rows = torch.arange(self._next, last, dtype=torch.float64, device=known.device)
        place = (rows + 0.5) * (self._reader.shape[0] / self._shape[0]) - 0.5 - first
        place = place.clamp_(0, known.shape[1] - 1)
        above = place.long()
        below = (above + 1).clamp_(max=known.shape[1] - 1)
        mixed = torch.lerp(known[:, above], known[:, below], (place - above).float()[None, :, None])
        size = (len(rows), self._shape[1])
        return functional.interpolate(mixed[None], size, mode="bilinear")[0]
