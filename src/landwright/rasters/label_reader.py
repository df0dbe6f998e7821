"""Labels of any kind, read as class indices on an image's grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from landwright.legends import IGNORE, Legend
from landwright.rasters.window import Window

Alignment = Literal["exact", "warped", "burnt"]


@dataclass
class Tally:
    """Pixel counts of a label window.

    Attributes:
        classes: Pixels by class index.
        ignored: Pixels without a usable label.
        unknown: Pixels by code or colour ("r,g,b") that the legend does not have.
    """

    classes: Counter[int] = field(default_factory=Counter)
    ignored: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, indices: NDArray[np.uint8], unknown: Counter[str]) -> None:
        """Count one window: its indices without those of unknown pixels, and the unknown values."""
        counts = np.bincount(indices.ravel(), minlength=IGNORE + 1)
        self.ignored += int(counts[IGNORE])
        self.classes.update({int(index): int(counts[index]) for index in np.flatnonzero(counts[:IGNORE])})
        self.unknown.update(unknown)


class LabelReader(ABC):
    """Labels on the grid of an image; a context manager that can be sent to loader workers.

    Attributes:
        path: The label file.
        legend: The classes whose indices are returned.
        shape: (height, width) of the image's grid.
        aligned: "exact" for the same grid, "warped" for a raster on another one, "burnt" for polygons.
        notes: Plain remarks on what a user may not expect.
    """

    path: str
    legend: Legend
    shape: tuple[int, int]
    aligned: Alignment
    notes: tuple[str, ...] = ()

    @abstractmethod
    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Class indices 0..K-1 of a window (default: all) as (h, w) uint8, 255 where there is no usable label.

        Raises:
            DataError: If the labels hold a code, colour or class that the legend does not have, or are damaged.
        """

    @abstractmethod
    def count(self, tally: Tally, window: Window | None = None) -> None:
        """Add the pixels of a window to `tally`; unknown codes are counted, not refused."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()
