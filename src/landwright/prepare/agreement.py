"""The k-of-n rule: a pixel has a class where enough products say so."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from landwright.legends import IGNORE

NO_VOTES = 255
"""Value of the agreement where no product has a label."""

_COMBINATIONS = 2**18

Indices = NDArray[np.uint8]


def count_votes(indices: Sequence[Indices], tables: Sequence[NDArray[np.bool_]], k: int) -> tuple[Indices, Indices]:
    """Find the class that at least k products allow, and more of them than any other class.

    A product votes for every class that its own class may be; one without a label, or whose class stands for none of
    the target classes, has no vote. Products without a label do not lower k.

    Args:
        indices: For each product the class index of each pixel, all of one shape; 255 where it has no label.
        tables: For each product an (S, K) table: may its class s be the target class k? See `Crosswalk.allowed`.
        k: Votes needed, at least 1.

    Returns:
        The target index of each pixel, 255 where no class has k votes or several have the most; and the most votes
        that any class has, 0..n, 255 where no product has a label.
    """
    votes = np.zeros((tables[0].shape[1], *indices[0].shape), np.uint8)
    known = np.zeros(indices[0].shape, np.bool_)
    for index, table in zip(indices, tables, strict=True):
        allowed = np.zeros((IGNORE + 1, table.shape[1]), np.bool_)
        allowed[: len(table)] = table
        votes += allowed.T[:, index]
        known |= index != IGNORE
    most = votes.max(axis=0)
    alone = np.count_nonzero(votes == most, axis=0) == 1
    labels = np.where((most >= k) & alone, votes.argmax(axis=0).astype(np.uint8), np.uint8(IGNORE))
    return labels, np.where(known, most, np.uint8(NO_VOTES))


class Agreement:
    """`count_votes` for many pixels of the same products.

    What the rule says is looked up by the combination of the products' classes: a dozen classes in each of three
    products are some two thousand combinations, and votes are counted for these and not for each pixel.

    Args:
        tables: As for `count_votes`.
        k: Votes needed.
    """

    def __init__(self, tables: Sequence[NDArray[np.bool_]], k: int) -> None:
        """Count the votes of each combination, unless there are too many."""
        self._tables, self._k = tables, k
        self._sizes = [len(table) + 1 for table in tables]
        self._decided: tuple[Indices, Indices] | None = None
        if prod(self._sizes) <= _COMBINATIONS:
            numbers = np.indices(self._sizes).reshape(len(tables), -1)
            own = [
                np.where(row == size - 1, IGNORE, row).astype(np.uint8)
                for row, size in zip(numbers, self._sizes, strict=True)
            ]
            self._decided = count_votes(own, tables, k)

    def __call__(self, indices: Sequence[Indices]) -> tuple[Indices, Indices]:
        """Labels and votes as from `count_votes`."""
        if self._decided is None:
            return count_votes(indices, self._tables, self._k)
        combination = np.zeros(indices[0].shape, np.intp)
        for index, size in zip(indices, self._sizes, strict=True):
            combination *= size
            # The last of a product's numbers stands for "no label".
            combination += np.minimum(index, np.uint8(size - 1))
        labels, votes = self._decided
        return np.take(labels, combination), np.take(votes, combination)
