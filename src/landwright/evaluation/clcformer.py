"""The two protocols of the scripts published with CLCFormer (IEEE GRSL 20, 2023), to compare with them only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from landwright.errors import UsageError
from landwright.evaluation.base import Protocol
from landwright.evaluation.confusion import Scores

EPSILON = 1e-10
FIGURES = ("acc", "precision", "recall", "f1", "iou")


class ClcformerPerImage(Protocol):
    """Unweighted mean over images of the second class's scores, as published with CLCFormer for buildings.

    An image with an accuracy above 0.99 and no true positive counts as 1 in precision, recall, F1 and IoU, also when
    objects were missed or falsely found in it. How many images that concerns is noted with the figures.
    """

    name: ClassVar[str] = "clcformer-per-image"
    description: ClassVar[str] = (
        "the scores of the second class are computed per image and averaged over the images without weights, as "
        "published with CLCFormer; an image with an accuracy above 0.99 and no true positive counts as 1 in all of "
        "them, even when objects were missed or falsely found in it. The per-class table and the matrix are pooled."
    )

    def __init__(self, classes: Sequence[str]) -> None:
        """Start with no counts.

        Raises:
            UsageError: There are not exactly two classes.
        """
        if len(classes) != 2:
            raise UsageError(
                f"protocol {self.name!r} is made for two classes, not {len(classes)}",
                remedy="Use pixel-pooled or clcformer-multiclass",
            )
        super().__init__(classes)
        self._open: dict[str, Tensor] = {}
        self._closed = [0.0] * (len(FIGURES) + 3)

    def add(self, counts: Tensor, *, name: str) -> None:
        """Count one image, or a part of one; see ``Protocol.add``."""
        super().add(counts, name=name)
        known = self._open.get(name)
        self._open[name] = counts if known is None else known + counts.to(known.device)

    def state(self) -> Tensor:
        """Return all that was collected; see ``Protocol.state``."""
        pooled = super().state()
        return torch.cat([pooled, pooled.new_tensor(self._sums())])

    def load_state(self, state: Tensor) -> None:
        """Take the sum of what ``state`` returned in several processes."""
        super().load_state(state)
        self._closed, self._open = state[-len(self._closed) :].tolist(), {}

    def _sums(self) -> list[float]:
        """Return the figures' sums, the images scored, and the images taken as perfect without and with errors."""
        sums = list(self._closed)
        for counts in self._open.values():
            (tn, fp), (fn, tp) = counts[:, :2].tolist()
            if tp + fp + fn + tn:
                for place, value in enumerate(_image(tp, fp, fn, tn)):
                    sums[place] += value
        return sums

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        *figures, images, _, _ = self._sums()
        return {name: total / images for name, total in zip(FIGURES, figures, strict=True)}

    def _leave_out(self) -> dict[str, str]:
        return {self.classes[0]: "first class, taken as background"}

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        *_, images, empty, forgiven = self._sums()
        return (
            f"Of {images:.0f} images, {empty:.0f} without any object count as 1, and {forgiven:.0f} more count as 1 "
            "although they contain errors.",
        )


def _image(tp: int, fp: int, fn: int, tn: int) -> list[float]:
    accuracy = (tp + tn) / (tp + fp + fn + tn)
    if accuracy > 0.99 and not tp:
        errors = bool(fp + fn)
        return [accuracy, 1.0, 1.0, 1.0, 1.0, 1.0, float(not errors), float(errors)]
    precision, recall = tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)
    f1 = 2 * precision * recall / (precision + recall) if tp else 0.0
    return [accuracy, precision, recall, f1, tp / (tp + fp + fn), 1.0, 0.0, 0.0]


class ClcformerMulticlass(Protocol):
    """One confusion matrix, means over all classes but the last, as published with CLCFormer for land cover."""

    name: ClassVar[str] = "clcformer-multiclass"
    description: ClassVar[str] = (
        "all pixels of all images are counted in one confusion matrix; the means are unweighted over all classes but "
        "the last of the legend, as published with CLCFormer, and over those that occur."
    )

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        return {"miou": pooled.miou, "mf1": pooled.mf1, "oa": pooled.oa, "fwiou": pooled.fwiou}

    def _leave_out(self) -> dict[str, str]:
        return {self.classes[-1]: "last class of the legend"}
