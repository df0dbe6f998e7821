"""Tiles of a part: random ones for training, a grid of them for validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from landwright.data.augment import augment, draw_zoom
from landwright.data.reading import Patch, Sample, SceneReader, known_pixels, pad_to
from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.data.survey import Survey, extent, grid_windows, survey, thin
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.rasters import Window
from landwright.recipe import AugmentSpec, DataSpec

_ATTEMPTS = 8
"""Windows tried for one tile until one is labelled well enough."""


class RandomTiles(Dataset[Sample]):
    """An endless supply of random tiles, as far as ``length`` goes.

    Tile ``i`` depends on the seed and on ``i`` alone: any number of workers and ranks, and a run that was interrupted
    at any step, sees the same tiles. Regions are drawn by their labelled area; every window lies inside its region. In
    a scene without label the pixels of known height count as labelled, and in one without heights its valid pixels.

    A window whose labelled share is below ``spec.labelled`` is drawn again, at most seven times; then the best of them
    is taken. The default 0 asks for a single labelled pixel; 1 is Paraformer's rule, which drops a chip with one
    unlabelled pixel. Nodata of the image counts too, as labels are ignored there, and so does the filling of scenes
    smaller than a tile. A dropped chip is lost in the published code; here every step has its whole batch.

    Args:
        regions: Regions of the training part (:meth:`Split.regions`).
        spec: The recipe's ``data`` section.
        legend: Classes of the masks.
        length: Number of tiles.
        seed: Seed of all randomness.
        augment: Random changes, applied last; None for none.

    Raises:
        DataError: The data are not sound or teach nothing (see :func:`survey`), or blocks are smaller than the tiles.
    """

    def __init__(
        self,
        regions: Sequence[Region],
        spec: DataSpec,
        legend: Legend,
        *,
        length: int,
        seed: int,
        augment: AugmentSpec | None = None,
    ) -> None:
        """Look at the data once."""
        self.reader = SceneReader(spec, legend)
        self.regions = tuple(regions)
        self._spec = spec
        _check_blocks(regions, spec)
        self._length = length
        self._seed = seed
        self._augment = augment
        self.survey: Survey = survey(self.reader, self.regions, training=True)
        self._areas = [extent(region, self.reader) for region in self.regions]
        self._reach = np.cumsum(self.survey.usable)
        self._classes = list(self.survey.positions)
        self._heights = _any_heights(regions)
        self.reader.close()  # forked loader workers inherit no open files

    def __len__(self) -> int:
        """Number of tiles."""
        return self._length

    def __getitem__(self, index: int) -> Sample:
        """Return tile ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        if not 0 <= index < self._length:
            raise IndexError(index)
        rng = np.random.default_rng([self._seed, index])
        zoom = draw_zoom(self._augment, rng) if self._augment else 1.0
        side = max(1, round(self._spec.tile / zoom))
        best = -1.0
        for _ in range(_ATTEMPTS):
            number, window = self._draw(side, rng)
            scene = self.regions[number].scene
            tried = _read_tile(self.reader, scene, window, side, self._spec.tile)
            share = int(known_pixels(tried, scene).sum()) / tried.mask.numel()
            if share >= best:
                best, patch, source, place = share, tried, scene.name, window
            if share > 0 and share >= self._spec.labelled:
                break
        if self._augment is not None:
            patch = augment(patch, self._augment, rng)
        return _sample(patch, source, place, heights=self._heights)

    def _draw(self, side: int, rng: np.random.Generator) -> tuple[int, Window]:
        if rng.random() < self._spec.balance and self._classes:
            found = self.survey.positions[self._classes[rng.integers(len(self._classes))]]
            number, row, col = (int(value) for value in found[rng.integers(len(found))])
            # Anywhere in the middle half: a class that always sat in the centre would teach its place.
            margin = side // 4
            row, col = (int(place - rng.integers(margin, side - margin)) for place in (row, col))
        else:
            number = int(np.searchsorted(self._reach, rng.random() * self._reach[-1], side="right"))
            area = self._areas[number]
            row = area.row + int(rng.integers(max(area.height - side, 0) + 1))
            col = area.col + int(rng.integers(max(area.width - side, 0) + 1))
        return number, _inside(row, col, side, self._areas[number])


class GridTiles(Dataset[Sample]):
    """Tiles that cover a part without overlap; edge tiles are filled up, and ignored there.

    Args:
        regions: Regions of one part (:meth:`Split.regions`).
        spec: The recipe's ``data`` section.
        legend: Classes of the masks.
        limit: Largest number of tiles, spread evenly over the part; None for all.

    Raises:
        DataError: The data are not sound (see :func:`survey`).
    """

    def __init__(self, regions: Sequence[Region], spec: DataSpec, legend: Legend, *, limit: int | None = None) -> None:
        """Look at the data once and lay out the grid."""
        self.reader = SceneReader(spec, legend)
        _check_blocks(regions, spec)
        self._tile = spec.tile
        self._heights = _any_heights(regions)
        survey(self.reader, regions, windows=64)
        every = [(region, cell) for region in regions for cell in grid_windows(extent(region, self.reader), self._tile)]
        self._cells = [every[place] for place in thin(len(every), limit)]
        self.reader.close()  # as above

    def __len__(self) -> int:
        """Number of tiles."""
        return len(self._cells)

    def __getitem__(self, index: int) -> Sample:
        """Return tile ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        if not 0 <= index < len(self._cells):
            raise IndexError(index)
        region, window = self._cells[index]
        patch = pad_to(self.reader.read(region.scene, window), self._tile)
        return _sample(patch, region.scene.name, window, heights=self._heights)


def _check_blocks(regions: Sequence[Region], spec: DataSpec) -> None:
    if spec.split.block < spec.tile and any(region.window for region in regions):
        raise DataError(
            f"blocks of {spec.split.block} pixels are smaller than tiles of {spec.tile} pixels",
            remedy=f"Set data.split.block to {2 * spec.tile} or more, or data.tile lower",
        )


def _inside(row: int, col: int, side: int, area: Window) -> Window:
    """Move a window into an area, and shrink it where the area is smaller."""
    height, width = min(side, area.height), min(side, area.width)
    row = min(max(row, area.row), area.row + area.height - height)
    col = min(max(col, area.col), area.col + area.width - width)
    return Window(row, col, height, width)


def _any_heights(regions: Sequence[Region]) -> bool:
    return any(region.scene.height is not None for region in regions)


def _read_tile(reader: SceneReader, scene: Scene, window: Window, side: int, tile: int) -> Patch:
    size = (max(1, round(window.height * tile / side)), max(1, round(window.width * tile / side)))
    return pad_to(reader.read(scene, window, size), tile)


def _sample(patch: Patch, source: str, window: Window, *, heights: bool) -> Sample:
    sample = Sample(
        image=patch.image,
        mask=patch.mask.to(torch.int64),
        valid=patch.valid,
        source=source,
        window=torch.tensor(window, dtype=torch.int64),
    )
    if heights:  # of all samples or of none, so that they can be stacked
        unknown = patch.image.new_full(patch.mask.shape, torch.nan)
        sample["height"] = unknown if patch.height is None else patch.height
    return sample
