"""Pixels that another process reads, on a CPU beside the GPU that computes."""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from landwright.engine.executors.job import Job
from landwright.engine.executors.portable import portable
from landwright.engine.executors.ray_bundle import Parcel, unpacked
from landwright.engine.executors.ray_session import import_ray
from landwright.rasters import RasterInfo, Window
from landwright.runs.store import explained

_AHEAD: Final = 2
"""Requests that may be on their way: one that is read, one that is fetched. The reader does not run further ahead."""


def enter(folder: Path) -> None:
    """Go to the folder where the run was begun: the processes of a cluster may have started elsewhere.

    Raises:
        DataError: This machine does not see it.
    """
    with explained(folder, "read"):
        os.chdir(folder)


class Reader:
    """The process that reads; an actor of Ray.

    Args:
        job: Whose rasters are read.
        parcel: The model, if it was sent: it says which bands are wanted.
        folder: What relative paths begin at.
    """

    def __init__(self, job: Job, parcel: Parcel | None, folder: Path) -> None:
        """Open the rasters; they are closed with the process."""
        enter(folder)
        self._stack = ExitStack()
        with unpacked(import_ray(), parcel, job) as found:
            self._source = self._stack.enter_context(found.open_source())

    def describe(self) -> tuple[RasterInfo, tuple[int, ...], tuple[int, int]]:
        """Return what is known of the rasters: grid, bands, shape."""
        return self._source.info, self._source.bands, self._source.shape

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]] | Exception:
        """Return pixels and validity, or the error."""
        try:
            return self._source.read_with_valid(window)
        except Exception as error:
            return portable(error)


class _Band(NamedTuple):
    """Rows that were asked for."""

    row: int
    stop: int
    reference: Any


class RemoteSource:
    """Pixels of a `Reader`; the engine's `Source`.

    The engine reads a block from top to bottom, so that the rows that follow are asked for ahead.

    Args:
        ray: The module, connected.
        reader: The reader's handle.

    Attributes:
        until: Row before which it makes sense to read ahead: the end of the block in work.
    """

    def __init__(self, ray: Any, reader: Any) -> None:
        """Ask what there is to read."""
        self._ray, self._reader = ray, reader
        self.info: RasterInfo
        self.info, self.bands, self.shape = ray.get(reader.describe.remote())
        self.until = 0
        self._bands: deque[_Band] = deque()
        self._columns, self._row = (0, 0), 0

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (C, h, w) in sensor units and validity (h, w); called from one thread only.

        Raises:
            DataError: The rasters cannot be read.
        """
        if (window.col, window.width) != self._columns or window.row != self._row:
            self._bands.clear()
            self._columns, self._row = (window.col, window.width), window.row
        stop = window.row + window.height
        self._ask(stop)
        pieces = []
        while self._row < stop:
            band = self._bands[0]
            last = min(stop, band.stop)
            found = self._ray.get(band.reference)
            if isinstance(found, Exception):
                self._bands.clear()
                raise found
            rows = slice(self._row - band.row, last - band.row)
            pieces.append((found[0][:, rows], found[1][rows]))
            self._row = last
            if last == band.stop:
                self._bands.popleft()
        while len(self._bands) < _AHEAD and self._end < self.until:
            self._ask(min(self._end + window.height, self.until))
        # Copies: what lies in the object store cannot be written to, and would stay there as long as it is used.
        pixels, valid = zip(*pieces, strict=True)
        return np.concatenate(pixels, axis=1), np.concatenate(valid, axis=0)

    @property
    def _end(self) -> int:
        """Row after the last that was asked for."""
        return self._bands[-1].stop if self._bands else self._row

    def _ask(self, stop: int) -> None:
        """Ask for the rows up to one, if they were not asked for yet."""
        if (row := self._end) < stop:
            window = Window(row, self._columns[0], stop - row, self._columns[1])
            self._bands.append(_Band(row, stop, self._reader.read.remote(window)))
