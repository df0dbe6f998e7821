"""Load tiles in batches, from any position, for any number of workers and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from landwright.data.reading import Sample


class OffsetSampler(Sampler[int]):
    """Items ``start + rank, start + rank + world, ...``: together the ranks see every item once, in order.

    Args:
        length: Number of items in all.
        start: First item, such as the number of tiles that an interrupted run has used.
        rank: This process.
        world: Number of processes.
    """

    def __init__(self, length: int, *, start: int = 0, rank: int = 0, world: int = 1) -> None:
        """Lay out the range."""
        self._items = range(min(start + rank, length), length, world)

    def __iter__(self) -> Iterator[int]:
        """Yield the items of this rank."""
        return iter(self._items)

    def __len__(self) -> int:
        """Number of items of this rank."""
        return len(self._items)


def make_loader(
    dataset: Dataset[Sample], batch: int, workers: int = 0, *, start: int = 0, rank: int = 0, world: int = 1
) -> DataLoader[Any]:
    """Return a loader of batches in the order of the dataset.

    Args:
        dataset: Tiles.
        batch: Tiles per batch of one rank; the last batch may be smaller.
        workers: Loader processes.
        start: First item.
        rank: This process.
        world: Number of processes; ``batch`` tiles of every rank make one step, whichever rank gets which.

    Returns:
        Loader of dicts of stacked tensors; ``source`` is a list of names.
    """
    sampler = OffsetSampler(len(dataset), start=start, rank=rank, world=world)  # type: ignore[arg-type]
    return DataLoader(
        dataset,
        batch_size=batch,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
