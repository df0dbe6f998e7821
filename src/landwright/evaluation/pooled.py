"""The default protocol: all pixels of all images in one confusion matrix."""

from __future__ import annotations

from typing import ClassVar

from landwright.evaluation.base import Protocol
from landwright.evaluation.confusion import Scores


class PixelPooled(Protocol):
    """All pixels of all images in one confusion matrix, every class that occurs in the means."""

    name: ClassVar[str] = "pixel-pooled"
    description: ClassVar[str] = (
        "all pixels of all images are counted in one confusion matrix; the means are unweighted over the classes that "
        "occur in the reference or the prediction."
    )

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        return {"miou": pooled.miou, "mf1": pooled.mf1, "oa": pooled.oa, "kappa": pooled.kappa}
