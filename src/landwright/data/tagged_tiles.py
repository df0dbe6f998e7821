"""Validation tiles with tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from landwright.data.reading import Sample
from landwright.data.splits import Region
from landwright.data.tiles import GridTiles
from landwright.legends import IGNORE, Legend
from landwright.rasters import Window
from landwright.recipe import DataSpec


class TaggedSample(Sample):
    """A tile with its tags.

    Attributes:
        tags: float32 (T,): what the tile holds.
    """

    tags: Tensor


class TaggedTiles(Dataset[TaggedSample]):
    """Tiles that cover a part, as :class:`GridTiles` lays them out, with their tags.

    A tile that is a whole image has the tags of the image. What is in a part of an image its mask says; without a mask
    it has the tags of the image too, which then says too much.

    Args:
        regions: Regions of one part, each a whole scene.
        spec: The recipe's ``data`` section.
        legend: Classes of the masks.
        tags: float32 (T,) by name of the scene.
        first: Class of the first tag: 1 with a background, else 0.
        least: Pixels of a class in a part of an image that make it a tag.
        limit: Largest number of tiles, spread evenly over the part; None for all.

    Raises:
        DataError: The data are not sound.
    """

    def __init__(
        self,
        regions: Sequence[Region],
        spec: DataSpec,
        legend: Legend,
        tags: Mapping[str, Tensor],
        *,
        first: int,
        least: int = 1,
        limit: int | None = None,
    ) -> None:
        """Lay out the grid."""
        self.tiles = GridTiles(regions, spec, legend, limit=limit)
        self._tags, self._first, self._least, self._classes = tags, first, least, len(legend)
        self._scenes = {region.scene.name: region.scene for region in regions}

    def __len__(self) -> int:
        """Number of tiles."""
        return len(self.tiles)

    def __getitem__(self, index: int) -> TaggedSample:
        """Return tile ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        sample = self.tiles[index]
        scene = self._scenes[sample["source"]]
        height, width = self.tiles.reader.info(scene).shape
        if Window(*sample["window"].tolist()) == Window(0, 0, height, width) or scene.label is None:
            return TaggedSample(**sample, tags=self._tags[scene.name])
        return TaggedSample(**sample, tags=self._held(sample["mask"]))

    def _held(self, mask: Tensor) -> Tensor:
        counts = torch.bincount(mask[mask != IGNORE], minlength=self._classes)
        return (counts[self._first :] >= self._least).float()
