"""A bounded look at a part before training: is every pair sound, where are labels, which classes lie where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.data.heights import HeightSurvey, require_heights, survey_heights
from landwright.data.reading import SceneReader, known_pixels
from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.errors import DataError
from landwright.legends import IGNORE, Legend
from landwright.rasters import HeightTally, Window

_SIDE = 256
_POSITIONS = 64
"""Positions kept per class and window."""


@dataclass(frozen=True)
class Survey:
    """What the look found.

    Attributes:
        usable: float64 (regions,): estimated number of valid, labelled pixels; of known height in a scene without
            label, and of valid ones in a scene without heights either.
        histogram: int64 (classes,): labelled pixels among those looked at.
        positions: Per class that was found, int64 (n, 3): region, row and column of some of its pixels.
        heights: What the look tells of heights; None where no scene has any.
    """

    usable: NDArray[np.float64]
    histogram: NDArray[np.int64]
    positions: dict[int, NDArray[np.int64]]
    heights: HeightSurvey | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Plain remarks on what a user may not expect of the whole part."""
        return () if self.heights is None else self.heights.notes


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


def survey(reader: SceneReader, regions: Sequence[Region], *, windows: int = 512, training: bool = False) -> Survey:
    """Open every pair once and look at some windows of every region.

    Args:
        reader: Reader of the scenes.
        regions: Regions of one part.
        windows: Windows of 256 x 256 pixels to look at in all; at least one per region, and more in a region until
            the first labelled pixel is found.
        training: The part is trained on: as many windows more as it takes to find a second class.

    Raises:
        DataError: A pair is not sound, a mask has a code that the legend lacks, a scene has no valid pixel, or no
            region has a labelled one. In training also: no scene is as large as one pixel of its label raster, all
            labels are of one class, or no height is known. What has no label is not asked for classes.
    """
    scenes = list(dict.fromkeys(region.scene for region in regions))
    reader.check(scenes)
    if training:
        _check_cells(reader, [scene for scene in scenes if scene.label is not None])
    look = _Look(reader)
    usable = np.zeros(len(regions))
    share = max(1, windows // len(regions))
    looked = []
    for number, region in enumerate(regions):
        cells = _in_order(region, reader, share)
        seen = labelled = order = 0
        while order < min(share, len(cells)) or (order < len(cells) and not labelled):
            seen += cells[order].height * cells[order].width
            labelled += look.at(number, region.scene, cells[order])
            order += 1
        looked.append(order)
        area = extent(region, reader)
        usable[number] = area.height * area.width * labelled / max(seen, 1)
    if empty := [scene for scene, is_blank in look.blank.items() if is_blank]:
        raise DataError(
            "has no valid pixel: all is nodata, NaN or masked",
            path=empty[0].image,
            remedy="Leave the image out, or correct its nodata value",
        )
    labelled_scenes = [scene for scene in scenes if scene.label is not None]
    if not usable.any() and labelled_scenes:
        raise DataError(
            f"has no pixel of a class of the legend {reader.legend.name!r}, nor has any other label of this part",
            path=labelled_scenes[0].label,
            remedy="Check the legend, the nodata value of the masks and the place of the polygons",
        )
    measured = next((scene.height for scene in scenes if scene.height is not None), None)
    if measured is not None and (training or not usable.any()):
        require_heights(look.tally, measured)
    if training and labelled_scenes:
        rest = (
            (number, region.scene, cell)
            for number, region in enumerate(regions)
            for cell in _in_order(region, reader, share)[looked[number] :]
        )
        while np.count_nonzero(look.histogram) == 1 and (further := next(rest, None)):
            look.at(*further)
        check_classes(look.histogram, reader.legend, labelled_scenes[0].reference)
    positions = {index: np.concatenate(found) for index, found in sorted(look.positions.items())}
    heights = survey_heights(look.tally, look.trees()) if measured is not None else None
    return Survey(usable, look.histogram, positions, heights)


def _in_order(region: Region, reader: SceneReader, first: int) -> list[Window]:
    """Return all windows of a region, ``first`` ones that are spread evenly over it before the others."""
    cells = grid_windows(extent(region, reader), _SIDE)
    chosen = thin(len(cells), first)
    rest = np.setdiff1d(np.arange(len(cells)), chosen)
    return [cells[place] for place in (*chosen, *rest)]


def check_classes(histogram: NDArray[np.int64], legend: Legend, path: Path) -> None:
    """Refuse labels of a training part that are all of one class.

    Args:
        histogram: int64 (classes,): labelled pixels of the whole part, at least one.
        legend: The classes.
        path: One of the label files, for the message.

    Raises:
        DataError: Only one class occurs.
    """
    present = np.flatnonzero(histogram)
    if len(present) == 1:
        raise DataError(
            f"is all {legend.names[present[0]]}, as is every other label of the training part: there is nothing to "
            "tell apart",
            path=path,
            remedy="Add images with other classes, or check the legend and what the labels say outside their objects",
        )


def _check_cells(reader: SceneReader, scenes: Sequence[Scene]) -> None:
    """Refuse label rasters of which one pixel is larger than any scene.

    A scene within one pixel of its label raster has one class, and so no shape to learn from. Among others it is as
    good as a scene of one class; a training part of nothing else is a mistake.

    Raises:
        DataError: No scene is as high or as wide as one pixel of its label raster.
    """
    cells = [reader.cells(scene) for scene in scenes]
    if scenes and all(found is not None and max(found) < 1 for found in cells):
        raise DataError(
            f"is too coarse: one of its pixels is larger than {scenes[0].image}, and so it is for every other image of "
            "the training part",
            path=scenes[0].label,
            remedy="Join the images to larger ones, for example with `gdalbuildvrt`, or take a finer product",
        )


class _Look:
    """What was seen so far: pixels per class, places of each class, heights, and scenes without any valid pixel."""

    def __init__(self, reader: SceneReader) -> None:
        self.histogram: NDArray[np.int64] = np.zeros(len(reader.legend), dtype=np.int64)
        self.positions: dict[int, list[NDArray[np.int64]]] = {}
        self.blank: dict[Scene, bool] = {}
        self.tally = HeightTally()
        self._reader = reader
        self._tree_classes = [index for index, name in enumerate(reader.legend.names) if "tree" in name.casefold()]
        self._trees: list[NDArray[np.float32]] = []

    def trees(self) -> NDArray[np.float32]:
        """Some of the known heights where a label says tree, float32 (n,)."""
        return np.concatenate([*self._trees, np.empty(0, np.float32)])

    def at(self, number: int, scene: Scene, cell: Window) -> int:
        """Look at a window of region ``number``; return its number of pixels to learn from."""
        patch = self._reader.read(scene, cell)
        mask = patch.mask.numpy()
        counts = np.bincount(mask[mask != IGNORE], minlength=len(self.histogram))
        self.histogram += counts
        self.blank[scene] = self.blank.get(scene, True) and not bool(patch.valid.any())
        for index in np.flatnonzero(counts):
            rows, cols = np.nonzero(mask == index)
            some = thin(len(rows), _POSITIONS)
            found = np.stack([np.full(len(some), number), rows[some] + cell.row, cols[some] + cell.col], axis=1)
            self.positions.setdefault(int(index), []).append(found)
        self._reader.count_heights(scene, cell, self.tally)
        if patch.height is not None:
            trees = patch.height.numpy()[np.isin(mask, self._tree_classes)]
            trees = trees[np.isfinite(trees)]
            self._trees.append(trees[:: max(1, len(trees) // _POSITIONS)])
        return int(known_pixels(patch, scene).sum())
