"""A bounded look at a part before training: is every pair sound, where are labels, which classes lie where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landwright.data.reading import SceneReader
from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.errors import DataError
from landwright.legends import IGNORE
from landwright.rasters import Window

_SIDE = 256
_POSITIONS = 64
"""Positions kept per class and window."""


@dataclass(frozen=True)
class Survey:
    """What the look found.

    Attributes:
        usable: float64 (regions,): estimated number of valid, labelled pixels.
        histogram: int64 (classes,): labelled pixels among those looked at.
        positions: Per class that was found, int64 (n, 3): region, row and column of some of its pixels.
    """

    usable: NDArray[np.float64]
    histogram: NDArray[np.int64]
    positions: dict[int, NDArray[np.int64]]


def extent(region: Region, reader: SceneReader) -> Window:
    """Return the window of a region, the whole scene where it has none."""
    height, width = reader.info(region.scene).shape
    return region.window or Window(0, 0, height, width)


def grid_windows(area: Window, side: int) -> list[Window]:
    """Cover an area with windows of ``side`` pixels, row by row; those at the bottom and right are cut off."""
    return [
        Window(row, col, min(side, area.row + area.height - row), min(side, area.col + area.width - col))
        for row in range(area.row, area.row + area.height, side)
        for col in range(area.col, area.col + area.width, side)
    ]


def thin(count: int, limit: int | None) -> NDArray[np.int64]:
    """Return at most ``limit`` indices of ``count``, spread evenly over them, without repetition."""
    if limit is None or limit >= count:
        return np.arange(count)
    return ((np.arange(limit) + 0.5) * count / limit).astype(np.int64)


def survey(reader: SceneReader, regions: Sequence[Region], *, windows: int = 512) -> Survey:
    """Open every pair once and look at some windows of every region.

    Args:
        reader: Reader of the scenes.
        regions: Regions of one part.
        windows: Windows of 256 x 256 pixels to look at in all; at least one per region, and more in a region until
            the first labelled pixel is found.

    Raises:
        DataError: A pair is not sound, a mask has a code that the legend lacks, a scene has no valid pixel, or no
            region has a labelled one.
    """
    reader.check(list(dict.fromkeys(region.scene for region in regions)))
    classes = len(reader.legend)
    usable = np.zeros(len(regions))
    histogram = np.zeros(classes, dtype=np.int64)
    positions: dict[int, list[NDArray[np.int64]]] = {}
    blank: dict[Scene, bool] = {}
    for number, region in enumerate(regions):
        area = extent(region, reader)
        cells = grid_windows(area, _SIDE)
        chosen = thin(len(cells), max(1, windows // len(regions)))
        rest = np.setdiff1d(np.arange(len(cells)), chosen)
        seen = labelled = 0
        for order, place in enumerate([*chosen, *rest]):
            if order >= len(chosen) and labelled:
                break
            cell = cells[place]
            patch = reader.read(region.scene, cell)
            mask = patch.mask.numpy()
            counts = np.bincount(mask[mask != IGNORE], minlength=classes)
            histogram += counts
            seen += mask.size
            labelled += int(counts.sum())
            blank[region.scene] = blank.get(region.scene, True) and not bool(patch.valid.any())
            for index in np.flatnonzero(counts):
                rows, cols = np.nonzero(mask == index)
                some = thin(len(rows), _POSITIONS)
                found = np.stack([np.full(len(some), number), rows[some] + cell.row, cols[some] + cell.col], axis=1)
                positions.setdefault(int(index), []).append(found)
        usable[number] = area.height * area.width * labelled / max(seen, 1)
    if empty := [scene for scene, is_blank in blank.items() if is_blank]:
        raise DataError(
            "has no valid pixel: all is nodata, NaN or masked",
            path=empty[0].image,
            remedy="Leave the image out, or correct its nodata value",
        )
    if not usable.any():
        raise DataError(
            f"has no pixel of a class of the legend {reader.legend.name!r}, nor has any other label of this part",
            path=regions[0].scene.label,
            remedy="Check the legend, the nodata value of the masks and the place of the polygons",
        )
    return Survey(usable, histogram, {index: np.concatenate(found) for index, found in sorted(positions.items())})
