"""How well tags are told: average precision per class."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_average_precision

from landwright.evaluation.tags.findings import TagPrecision


class Precision:
    """Collects logits and tags; pieces of one image count as one, with the highest logit of any.

    Args:
        names: Classes that can be tags, T of them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Start with no image."""
        self._names = names
        self._found: dict[Hashable, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        """Number of images."""
        return len(self._found)

    def add(self, key: Hashable, logits: Tensor, tags: Tensor) -> None:
        """Take one image, or a piece of one.

        Args:
            key: Which image.
            logits: (T,).
            tags: Bool (T,), the same for all pieces of an image.
        """
        before = self._found.get(key)
        self._found[key] = (logits if before is None else torch.maximum(before[0], logits), tags)

    def compute(self) -> tuple[TagPrecision, ...]:
        """Return one entry per class."""
        logits, tags = (torch.stack(columns, dim=1) for columns in zip(*self._found.values(), strict=True))
        return tuple(
            TagPrecision(
                name=name,
                images=int(held.sum()),
                ap=float(binary_average_precision(surely.double(), held.long())) if held.any() else None,
            )
            for name, surely, held in zip(self._names, logits, tags, strict=True)
        )


def mean_precision(rows: Sequence[TagPrecision]) -> float | None:
    """Return the mean of the average precisions that are defined, or None."""
    known = [row.ap for row in rows if row.ap is not None]
    return sum(known) / len(known) if known else None
