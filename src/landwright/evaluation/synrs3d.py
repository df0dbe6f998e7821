"""The protocol of the land cover scores published with SynRS3D (Song et al., NeurIPS 2024)."""

from __future__ import annotations

from typing import ClassVar

from landwright.evaluation.base import ABSENT, Protocol
from landwright.evaluation.confusion import Scores
from landwright.evaluation.result import ProtocolResult

_DIGITS = 5


class SynRS3DClasses(Protocol):
    """One confusion matrix over all pixels, and plain means over all classes: one that occurs nowhere counts as 0.

    Where every class occurs, this differs from ``pixel-pooled`` by the published rounding alone.
    """

    name: ClassVar[str] = "synrs3d-classes"
    description: ClassVar[str] = (
        "as published with SynRS3D: all pixels of all images in one confusion matrix; the means are unweighted over "
        "all classes, and a class that occurs in neither reference nor prediction counts as 0; all is rounded to 5 "
        "decimals, the scores of the classes before their mean is taken."
    )

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        count = len(self.classes)
        means = {
            f"m{name}": sum(round(getattr(row, name) or 0.0, _DIGITS) for row in pooled.classes) / count
            for name in ("iou", "f1", "precision", "recall")
        }
        figures = {**means, "oa": pooled.oa, "kappa": pooled.kappa}
        return {name: None if value is None else round(value, _DIGITS) for name, value in figures.items()}

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        absent = [row.name for row in pooled.classes if not row.reference + row.predicted]
        return (f"{ABSENT.capitalize()}, 0 in the means as published: {', '.join(absent)}.",) if absent else ()

    def compute(self) -> ProtocolResult:
        """Return the figures of all that was counted; every class enters the means.

        Raises:
            DataError: Not one pixel has both a reference and a prediction.
        """
        result = super().compute()
        rows = tuple(row.model_copy(update={"in_mean": True}) for row in result.per_class)
        return result.model_copy(update={"per_class": rows, "in_mean": self.classes, "left_out": {}})
