"""Whole images, each once before any comes again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from landwright.data.reading import Sample, SceneReader
from landwright.data.splits import Region
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.rasters import Window
from landwright.recipe import DataSpec

LONGEST = 1024
"""Longer images are reduced to this many pixels while they are read."""


class WholeImages(Dataset[Sample]):
    """Whole images in random order, as far as ``length`` goes; what is said of an image is said of all of it.

    Item ``i`` depends on the seed and on ``i`` alone.

    Args:
        regions: Regions of one part, each a whole scene.
        spec: The recipe's ``data`` section.
        legend: Classes of the masks, where there are any.
        length: Number of items.
        seed: Seed of the order.

    Raises:
        DataError: A region is a block of a scene, or a file cannot be opened.
    """

    def __init__(self, regions: Sequence[Region], spec: DataSpec, legend: Legend, *, length: int, seed: int) -> None:
        """Open every image once."""
        if block := next((region for region in regions if region.window is not None), None):
            raise DataError(
                "is divided into blocks, but captions are of whole images",
                path=block.scene.image,
                remedy="Use data.split.by scene or column",
            )
        self.reader = SceneReader(spec, legend)
        self._scenes = [region.scene for region in regions]
        self._length, self._seed = length, seed
        self.reader.check(self._scenes)
        self.reader.close()  # forked loader workers inherit no open files

    def __len__(self) -> int:
        """Number of items."""
        return self._length

    def __getitem__(self, index: int) -> Sample:
        """Return item ``index``; its height and width are those of its image, at most 1024.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        if not 0 <= index < self._length:
            raise IndexError(index)
        turn, place = divmod(index, len(self._scenes))
        order = np.random.default_rng([self._seed, turn]).permutation(len(self._scenes))
        scene = self._scenes[int(order[place])]
        height, width = self.reader.info(scene).shape
        share = min(1.0, LONGEST / max(height, width))
        size = (max(1, round(height * share)), max(1, round(width * share)))
        window = Window(0, 0, height, width)
        patch = self.reader.read(scene, window, size)
        return Sample(
            image=patch.image,
            mask=patch.mask.to(torch.int64),
            valid=patch.valid,
            source=scene.name,
            window=torch.tensor(window, dtype=torch.int64),
        )
