"""Items of the regime ``synthetic``: labelled synthetic tiles in the look of unlabelled real ones, and both mixed."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from landwright.data.mixing import classmix_mask, cutmix_mask
from landwright.data.photometric import second_view, strong
from landwright.data.reading import Sample
from landwright.data.style import restyle
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.legends import IGNORE
from landwright.recipe import SyntheticSpec

_STREAM = 4
"""Sets the random numbers of this module apart from those of the tiles."""


class SourceItem(TypedDict):
    """A labelled tile: fields of :class:`Sample`; ``height`` is NaN where nothing is known."""

    image: Tensor
    mask: Tensor
    height: Tensor
    valid: Tensor
    source: str
    window: Tensor


class AdaptationItem(SourceItem):
    """A labelled tile, a target tile and a mixture.

    Attributes:
        target: Target tile, float32 (C, H, W) in sensor units.
        second: The same under other colours.
        target_valid: bool (H, W).
        mixed: Target tile with pieces of a second synthetic tile, under other colours.
        pasted: bool (H, W): where the pieces are.
        mixed_mask: int64 (H, W): classes of the pieces, 255 elsewhere.
        mixed_height: float32 (H, W): heights of the pieces, NaN elsewhere.
    """

    target: Tensor
    second: Tensor
    target_valid: Tensor
    mixed: Tensor
    pasted: Tensor
    mixed_mask: Tensor
    mixed_height: Tensor


class ValidationItem(SourceItem):
    """A tile to score.

    Attributes:
        adapted: bool (): whether it is a target tile, which has no labels.
    """

    adapted: Tensor


class StyledTiles(Dataset[SourceItem]):
    """Labelled tiles, where there are target tiles in their look.

    Item ``i`` depends on the seed and on ``i`` alone. The published code restyles whole images before it crops them;
    here it is tiles, towards tiles.

    Args:
        source: Labelled tiles, one per item or more.
        target: Target tiles, one per item or more, or None.
        spec: The recipe's section ``synthetic``.
        length: Number of items.
        full: Largest value of the sensor, such as 255.
        seed: Seed of all randomness.
        paper: Ground without a class may be pasted, as published.
    """

    def __init__(
        self,
        source: RandomTiles,
        target: RandomTiles | None,
        spec: SyntheticSpec,
        *,
        length: int,
        full: float,
        seed: int,
        paper: bool = False,
    ) -> None:
        """Keep them."""
        self._source, self._target, self._spec = source, target, spec
        self._length, self._full, self._seed, self._paper = length, full, seed, paper

    def __len__(self) -> int:
        """Number of items."""
        return self._length

    def __getitem__(self, index: int) -> SourceItem:
        """Return item ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        return self._styled(index, index, self._rng(index))

    def _rng(self, index: int) -> np.random.Generator:
        if not 0 <= index < self._length:
            raise IndexError(index)
        return np.random.default_rng([self._seed, _STREAM, index])

    def _styled(self, place: int, look: int, rng: np.random.Generator) -> SourceItem:
        item = with_height(self._source[place])
        if self._target is not None and self._spec.style:
            model = self._target[look]
            image = restyle(
                item["image"].numpy(),
                model["image"].numpy(),
                self._spec,
                rng,
                full=self._full,
                valid=item["valid"].numpy(),
                model_valid=model["valid"].numpy(),
            )
            item["image"] = torch.from_numpy(image) * item["valid"]
        return item


class AdaptationTiles(StyledTiles):
    """Items of the whole method; ``source`` holds two tiles per item, ``target`` three."""

    def __getitem__(self, index: int) -> AdaptationItem:
        """Return item ``index``; see :meth:`StyledTiles.__getitem__`."""
        rng = self._rng(index)
        assert self._target is not None
        first = self._styled(index, self._length + index, rng)
        other = self._styled(self._length + index, 2 * self._length + index, rng)
        target = self._target[index]
        image = target["image"].numpy()
        pasted = self._pasted(other["mask"], rng) & other["valid"]
        mixed = torch.where(pasted, other["image"], target["image"])
        valid = target["valid"]
        return AdaptationItem(
            **first,
            target=target["image"],
            second=torch.from_numpy(second_view(image, rng, full=self._full)) * valid,
            target_valid=valid,
            mixed=torch.from_numpy(strong(mixed.numpy(), rng, full=self._full)) * (valid | pasted),
            pasted=pasted,
            mixed_mask=other["mask"].where(pasted, IGNORE),
            mixed_height=other["height"].where(pasted, torch.nan),
        )

    def _pasted(self, mask: Tensor, rng: np.random.Generator) -> Tensor:
        if self._spec.mix == "classmix":
            pasted = classmix_mask(mask.numpy(), rng, paper=self._paper)
        elif self._spec.mix == "cutmix":
            height, width = mask.shape
            pasted = cutmix_mask((height, width), rng)
        else:
            pasted = np.zeros(mask.shape, bool)
        return torch.from_numpy(pasted)


class ValidationTiles(Dataset[ValidationItem]):
    """Labelled tiles first, then target tiles; ``adapted`` (bool) tells which is which.

    Args:
        source: Labelled tiles.
        target: Target tiles, or None.
    """

    def __init__(self, source: GridTiles, target: GridTiles | None) -> None:
        """Keep them."""
        self._source, self._target = source, target

    def __len__(self) -> int:
        """Number of tiles."""
        return len(self._source) + (0 if self._target is None else len(self._target))

    def __getitem__(self, index: int) -> ValidationItem:
        """Return tile ``index``.

        Raises:
            IndexError: The index is not in 0..length - 1.
            DataError: A file is damaged, or a mask has a code that the legend lacks.
        """
        if index < len(self._source):
            return ValidationItem(**with_height(self._source[index]), adapted=torch.tensor(False))
        if self._target is None:
            raise IndexError(index)
        return ValidationItem(**with_height(self._target[index - len(self._source)]), adapted=torch.tensor(True))


def with_height(sample: Sample) -> SourceItem:
    """Return a tile with ``height``, NaN where it has none."""
    height = sample.get("height")
    if height is None:
        height = torch.full(sample["mask"].shape, torch.nan)
    return SourceItem(
        image=sample["image"],
        mask=sample["mask"],
        height=height,
        valid=sample["valid"],
        source=sample["source"],
        window=sample["window"],
    )
