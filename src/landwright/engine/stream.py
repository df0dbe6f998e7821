"""From a raster to averaged scores: read, score, weight, sum, hand out finished rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.engine.batch import Batch, even_batch
from landwright.engine.lane import Lane
from landwright.engine.protocols import Progress, Reader, Scorer, Sink, Summing, just_do
from landwright.engine.ring import RingBuffer
from landwright.engine.strips import read_strips
from landwright.engine.threads import Threads
from landwright.engine.weights import window_weights
from landwright.rasters.blend import Blend
from landwright.rasters.starts import fixed_starts, padded_starts, starts, stride


@dataclass(frozen=True)
class Tiling:
    """How a raster is cut into windows.

    Attributes:
        tile: Side of a window in pixels.
        overlap: Smallest overlap of neighbouring windows as a share of the tile, in [0, 1).
        blend: Weights of overlapping windows; ``paraformer``, ``uniform`` and ``rs3dada`` also mean the published
            places (`starts.fixed_starts`, `starts.padded_starts`).
        batch: Largest number of windows that go through the network together; it does not change the sums.
    """

    tile: int = 512
    overlap: float = 0.25
    blend: Blend = "cosine"
    batch: int = 1

    def starts(self, length: int) -> list[int]:
        """Return the first pixel of each window along a side of ``length`` pixels."""
        place = {"paraformer": fixed_starts, "uniform": fixed_starts, "rs3dada": padded_starts}.get(self.blend, starts)
        return place(length, self.tile, self.overlap)

    @property
    def published(self) -> bool:
        """Whether windows are treated as published with RS3DAda: black beyond the raster, and logits averaged."""
        return self.blend == "rs3dada"

    @property
    def stride(self) -> int:
        """Largest step of the windows in pixels."""
        return stride(self.tile, self.overlap)

    def redundancy(self, height: int, width: int) -> float:
        """Return how often a pixel goes through the network on average; 1 is the floor."""
        windows = len(self.starts(height)) * len(self.starts(width))
        return windows * self.tile * self.tile / (height * width)


class Part(NamedTuple):
    """A rectangle of a raster, in pixels.

    Attributes:
        row0: First row.
        row1: Row after the last.
        col0: First column.
        col1: Column after the last.
    """

    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return (self.row1 - self.row0) * (self.col1 - self.col0)


@dataclass(frozen=True)
class Tally:
    """What was done.

    Attributes:
        windows: Windows that went through the network.
        skipped: Windows without a valid pixel.
        valid: Valid pixels.
    """

    windows: int
    skipped: int
    valid: int


@torch.inference_mode()
def map_windows(
    reader: Reader,
    scorer: Scorer,
    sink: Sink,
    tiling: Tiling,
    *,
    part: Part | None = None,
    progress: Progress | None = None,
    summing: Summing = just_do,
    threads: Threads | None = None,
) -> Tally:
    """Send every window of a raster, or of a part of it, through a network and hand the averaged scores on, row by row.

    The windows of a part are all those of the whole raster that touch it, in the same order, weighted and batched
    alike: on a CPU its scores are those of the whole raster to the last bit.

    The raster is read in a thread beside the network's; windows are summed and handed on in another one where there is
    a core for it (`threads.Threads`).

    Memory depends on the tile and on the raster's width, not on its height: a strip of pixels, one more that is
    being read, one batch, the scores of two, and the sums of one row of windows. Windows are summed in one order for
    any batch size.

    Args:
        reader: The raster.
        scorer: The network.
        sink: Takes the rows, all in one thread, which may be another; every row of the part exactly once, in order.
        tiling: Windows, weights and batch.
        part: What is wanted; by default the whole raster.
        progress: Called after every batch and at the end.
        summing: Called with the summing and handing out of every batch, in the thread that does it.
        threads: Those beside the network's; who maps many parts keeps them. None are new ones.

    Returns:
        The number of windows and valid pixels.
    """
    whole = Part(0, reader.shape[0], 0, reader.shape[1])
    with ExitStack() as stack:
        threads = threads or stack.enter_context(Threads(scorer.device))
        lane = stack.enter_context(Lane(scorer.device, threads.writing))
        return _Run(reader, scorer, sink, tiling, part or whole, progress, threads.reading, lane, summing)()


def touching(starts: Sequence[int], tile: int, first: int, stop: int) -> range:
    """Return which windows along a side touch pixels ``first`` to ``stop``.

    Args:
        starts: First pixel of each window, increasing.
        tile: Side of a window in pixels.
        first: First pixel.
        stop: Pixel after the last.
    """
    return range(bisect_right(starts, first - tile), bisect_left(starts, stop))


@dataclass(frozen=True)
class _Placed:
    """A window in the batch: its place in the grid of the whole raster."""

    down: int
    across: int


@dataclass(frozen=True)
class _RowEnd:
    """All windows that touch these raster rows are in the batches up to here; those before ``wanted`` are not."""

    start: int
    wanted: int
    valid: NDArray[np.bool_]


class _Run:
    def __init__(
        self,
        reader: Reader,
        scorer: Scorer,
        sink: Sink,
        tiling: Tiling,
        part: Part,
        progress: Progress | None,
        reading: ThreadPoolExecutor,
        lane: Lane,
        summing: Summing,
    ) -> None:
        height, width = reader.shape
        tile = tiling.tile
        self._reader, self._scorer, self._sink, self._progress = reader, scorer, sink, progress
        self._part, self._reading, self._lane, self._summing = part, reading, lane, summing
        self._rows, self._cols = tiling.starts(height), tiling.starts(width)
        self._weights = window_weights(tile, self._rows, self._cols, tiling.blend, scorer.device)
        self._tile = tile
        # Of the whole raster, so that a batch has the same shape for each of its parts.
        size = even_batch(len(self._rows) * len(self._cols), tiling.batch)
        self._batch = Batch(size, tile, pinned=scorer.device.type == "cuda")
        self._down = touching(self._rows, tile, part.row0, part.row1)
        self._across = touching(self._cols, tile, part.col0, part.col1)
        self._total = len(self._down) * len(self._across)
        self._left = self._cols[self._across[0]]
        self._columns = self._cols[self._across[-1]] + tile - self._left
        self._black = tiling.published
        self._ring = RingBuffer(scorer.channels, tile, self._columns, scorer.device)
        # Batches go on across row ends, which therefore wait in line with the windows.
        self._waiting: list[_Placed | _RowEnd] = []
        self._windows = self._skipped = self._valid = 0

    def __call__(self) -> Tally:
        part, rows = self._part, [self._rows[down] for down in self._down]
        ends = [*rows[1:], part.row1]
        columns = slice(part.col0 - self._left, part.col1 - self._left)
        strips = read_strips(
            self._reader, rows, self._tile, self._columns, thread=self._reading, left=self._left, black=self._black
        )
        with closing(strips):
            for down, end, strip in zip(self._down, ends, strips, strict=True):
                before = self._windows
                for across in self._across:
                    self._window(strip.pixels, strip.valid, down, across)
                wanted = max(strip.row, part.row0)
                finished = strip.valid[wanted - strip.row : end - strip.row, columns]
                # Rows wait for their batch, and the strip's memory does not. Many of those without a window may wait:
                # let them hold none.
                skipped = self._windows == before
                finished = np.broadcast_to(np.False_, finished.shape) if skipped else finished.copy()
                self._valid += int(np.count_nonzero(finished))
                self._waiting.append(_RowEnd(strip.row, wanted, finished))
                if not len(self._batch):
                    self._flush()
        self._flush()
        self._lane.wait()
        if self._progress is not None:
            self._progress(part.pixels, part.pixels)
        return Tally(self._windows, self._skipped, self._valid)

    def _window(self, pixels: NDArray[Any], valid: NDArray[np.bool_], down: int, across: int) -> None:
        col = self._cols[across] - self._left
        columns = slice(col, col + self._tile)
        if not valid[:, columns].any():
            self._skipped += 1
            return
        self._batch.append(pixels[:, :, columns], valid[:, columns])
        self._waiting.append(_Placed(down, across))
        self._windows += 1
        if self._batch.full:
            self._flush()

    def _flush(self) -> None:
        scores = self._scorer(self._batch.pixels, self._batch.valid) if len(self._batch) else None
        self._lane.submit(partial(self._finish, self._waiting), scores)
        self._waiting = []
        self._batch.clear()
        if self._progress is not None:
            pixels = self._part.pixels
            self._progress((self._windows + self._skipped) * pixels // self._total, pixels)

    def _finish(self, waiting: Sequence[_Placed | _RowEnd], scores: torch.Tensor | None) -> None:
        self._summing(partial(self._sum, waiting, scores))

    def _sum(self, waiting: Sequence[_Placed | _RowEnd], scores: torch.Tensor | None) -> None:
        windows = iter(() if scores is None else scores)
        for item in waiting:
            if isinstance(item, _Placed):
                row, col = self._rows[item.down], self._cols[item.across] - self._left
                self._ring.add(next(windows), row, col, self._weights(item.down, item.across))
            else:
                self._hand_out(item)

    def _hand_out(self, done: _RowEnd) -> None:
        for _ in self._ring.take(done.start, done.wanted):
            pass  # rows above the part, which are only to be cleared
        columns = slice(self._part.col0 - self._left, self._part.col1 - self._left)
        for row, sums in self._ring.take(done.wanted, done.wanted + len(done.valid)):
            first = row - done.wanted
            self._sink.write(row, sums[..., columns], done.valid[first : first + sums.shape[1]])
