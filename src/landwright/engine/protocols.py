"""What the engine needs of its surroundings: something to read, something that scores, something that takes rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.rasters import RasterInfo, Window

Progress = Callable[[int, int], None]
"""Called now and then with the number of finished and of all pixels."""

Summing = Callable[[Callable[[], None]], None]
"""Called with the summing and handing out of scores, which it has to do; `clock.Clock` looks at the time meanwhile."""


def just_do(job: Callable[[], None]) -> None:
    """Do it: the usual `Summing`."""
    job()


class Reader(Protocol):
    """A raster to map; `rasters.Raster` is one."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (C, h, w) in sensor units and validity (h, w); called from one thread only."""


class Source(Reader, Protocol):
    """A reader with the grid and the bands of what it reads; `rasters.Raster` is one."""

    @property
    def info(self) -> RasterInfo:
        """Grid, and type of the pixels."""

    @property
    def bands(self) -> tuple[int, ...]:
        """The chosen bands, 1-based, in reading order."""


class Scorer(Protocol):
    """A network with everything around it that turns pixels into scores to be averaged."""

    @property
    def channels(self) -> int:
        """Number K of score maps."""

    @property
    def device(self) -> torch.device:
        """Where the scores are."""

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> torch.Tensor:
        """Turn pixels (B, C, t, t) in sensor units and validity (B, t, t) into float32 scores (B, K, t, t).

        The scores are valid until the call after the next. Pixels and validity may be overwritten after the call.
        """


class Refiner(Protocol):
    """Lets the scores of windows follow what is seen in them: `snap.Snapper`, `crf.CrfRefiner`."""

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_], scores: torch.Tensor) -> torch.Tensor:
        """Return scores (B, K, t, t) for those of pixels (B, C, t, t) in sensor units, valid or not (B, t, t)."""


class Sink(Protocol):
    """Takes finished rows from top to bottom."""

    def write(self, row: int, scores: torch.Tensor, valid: NDArray[np.bool_]) -> None:
        """Take averaged scores (K, n, W) of rows ``row`` to ``row + n``; they are overwritten after the call.

        Where ``valid`` (n, W) is False the scores mean nothing.
        """
