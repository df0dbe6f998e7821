"""What every scoring protocol shares: collecting counts image by image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from landwright.errors import DataError
from landwright.evaluation.confusion import Mask, Scores, confusion, scores
from landwright.evaluation.result import IGNORE_RULE, ProtocolResult

ABSENT = "absent from reference and prediction"


class Protocol(ABC):
    """A way of turning masks into figures.

    ``update`` may be called for any part of any image in any order; parts that carry the same name belong to one
    image. Counting runs on the device of the prediction, cheaply enough for validation during training.

    Args:
        classes: Names in the order of the mask's indices.

    Attributes:
        name: Registry name.
        description: How pixels are pooled and what enters the means.
        ignore_rule: What happens to pixels without a reference or a prediction.
        unmapped_are_errors: Whether a pixel with a reference but no prediction counts as an error.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    ignore_rule: ClassVar[str] = IGNORE_RULE
    unmapped_are_errors: ClassVar[bool] = False

    def __init__(self, classes: Sequence[str]) -> None:
        """Start with no counts."""
        self.classes = tuple(classes)
        self._counts: Tensor | None = None
        self._names: set[str] = set()
        self._images = 0

    def update(self, reference: Mask, prediction: Mask, *, name: str) -> None:
        """Count one image, or a part of one.

        Args:
            reference: Class indices of any shape, 255 = no reference.
            prediction: Class indices of the same shape, 255 = no prediction.
            name: Which image; the parts of one image share it.

        Raises:
            ValueError: The shapes differ or an index is out of range.
        """
        self.add(confusion(reference, prediction, len(self.classes)), name=name)

    def add(self, counts: Tensor, *, name: str) -> None:
        """Add what ``confusion`` counted; the same as ``update`` where several protocols share the counting.

        Args:
            counts: int64 (K, K + 1) as returned by ``confusion``.
            name: Which image; the parts of one image share it.
        """
        self._counts = counts if self._counts is None else self._counts + counts.to(self._counts.device)
        self._names.add(name)

    def state(self) -> Tensor:
        """Return all that was collected as one float64 vector; the vectors of several processes may be summed.

        An image whose parts were counted in several processes then counts as several images.
        """
        counts = self._pooled().flatten().double()
        return torch.cat([counts, counts.new_tensor([self._images + len(self._names)])])

    def load_state(self, state: Tensor) -> None:
        """Take the sum of the vectors that ``state`` returned in several processes.

        Args:
            state: float64 vector as returned by ``state``.
        """
        size = len(self.classes) * (len(self.classes) + 1)
        self._counts = state[:size].round().long().reshape(len(self.classes), -1)
        self._images, self._names = round(float(state[size])), set()

    @abstractmethod
    def _values(self, pooled: Scores) -> dict[str, float | None]:
        """Return the protocol's figures."""

    def _leave_out(self) -> dict[str, str]:
        """Return classes that the protocol keeps out of the means, with the reason."""
        return {}

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        """Return facts that a reader of the figures must know."""
        return ()

    def compute(self) -> ProtocolResult:
        """Return the figures of all that was counted.

        Raises:
            DataError: Not one pixel has both a reference and a prediction.
        """
        counts = self._pooled().cpu()
        matrix, unmapped = counts[:, :-1], counts[:, -1]
        if not int(matrix.sum()):
            raise DataError(
                "no pixel has both a reference class and a prediction, so that there is nothing to score",
                remedy="Check the ignore codes of the legend, the overlap of map and reference, and their nodata",
            )
        out = self._leave_out()
        missed = unmapped if self.unmapped_are_errors else None
        pooled = scores(matrix, self.classes, leave_out=tuple(out), missed=missed)
        absent = {row.name: ABSENT for row in pooled.classes if not row.reference + row.predicted}
        return ProtocolResult(
            protocol=self.name,
            description=self.description,
            values=self._values(pooled),
            per_class=pooled.classes,
            in_mean=tuple(row.name for row in pooled.classes if row.in_mean),
            left_out=absent | out,
            ignore_rule=self.ignore_rule,
            images=self._images + len(self._names),
            pixels=int(matrix.sum()) + (0 if missed is None else int(missed.sum())),
            unmapped=tuple(unmapped.tolist()),
            unmapped_are_errors=self.unmapped_are_errors,
            matrix=tuple(tuple(row) for row in matrix.tolist()),
            notes=self._notes(pooled) + _phantoms(pooled),
        )

    def _pooled(self) -> Tensor:
        size = len(self.classes)
        return torch.zeros(size, size + 1, dtype=torch.int64) if self._counts is None else self._counts


def _phantoms(pooled: Scores) -> tuple[str, ...]:
    names = [row.name for row in pooled.classes if row.in_mean and not row.reference]
    if not names:
        return ()
    return (f"Predicted although the reference has none, therefore 0 in the means: {', '.join(names)}.",)
