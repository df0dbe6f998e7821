"""Masks as run lengths: hundreds of a large image at a time are gigabytes, one is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Runs:
    """Masks of an image, each brought to full size when it is asked for.

    Attributes:
        shape: (n, H, W).

    Args:
        counts: For each mask the lengths of its runs, down one column after the other and outside first, as
            transformers' image processors give them.
        size: (H, W).
    """

    def __init__(self, counts: Sequence[NDArray[np.int32]], size: tuple[int, int]) -> None:
        """Keep the runs."""
        self._counts = tuple(counts)
        self.shape = (len(self._counts), *size)

    def __len__(self) -> int:
        """Number of masks."""
        return len(self._counts)

    def __getitem__(self, place: int) -> Tensor:
        """Return one mask, (H, W) bool on the CPU."""
        counts = self._counts[place]
        _, height, width = self.shape
        columns = torch.from_numpy(np.repeat(np.arange(len(counts)) % 2 == 1, counts))
        return columns.view(width, height).T.contiguous()

    def __iter__(self) -> Iterator[Tensor]:
        """Return the masks one after the other."""
        return (self[place] for place in range(len(self)))
