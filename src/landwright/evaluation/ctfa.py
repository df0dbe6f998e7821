"""The protocols of the scores published with CTFA and ATSG, maps from image tags, to compare with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from landwright.errors import UsageError
from landwright.evaluation.base import ABSENT, Protocol
from landwright.evaluation.confusion import Scores
from landwright.evaluation.result import ProtocolResult

_POOLED = "all pixels of all images are counted in one confusion matrix; "
_OTHERS = (
    " mean_recall (published as mAcc) is the mean over the classes of the reference, and mf1 that over the classes of "
    "which any pixel is right, as published."
)


class CtfaClasses(Protocol):
    """One confusion matrix, the mean IoU over the classes that the reference holds.

    A class that is mapped where the reference has none of it does not enter the mean; it costs only the classes whose
    pixels it takes. The published F1 divides by nothing for a class without a right pixel and then leaves it out.
    """

    name: ClassVar[str] = "ctfa-classes"
    description: ClassVar[str] = (
        f"as published with CTFA and ATSG: {_POOLED}miou is the unweighted mean over the classes of the reference."
        f"{_OTHERS}"
    )

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        return {
            "miou": pooled.miou,
            "mean_recall": _mean([row.recall for row in pooled.classes if row.reference]),
            "mf1": _mean([row.f1 for row in pooled.classes if row.f1]),
            "oa": pooled.oa,
        }

    def _leave_out(self) -> dict[str, str]:
        held = self._pooled()[:, :-1].sum(1).tolist()
        return {name: "absent from the reference" for name, count in zip(self.classes, held, strict=True) if not count}

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        wrong = [row.name for row in pooled.classes if row.reference and not row.f1]
        return (f"Not in mf1, because no pixel of it is right: {', '.join(wrong)}.",) if wrong else ()


class CtfaTable(CtfaClasses):
    """One confusion matrix, the mean IoU over all classes of the legend: undefined where one occurs nowhere."""

    name: ClassVar[str] = "ctfa-table"
    description: ClassVar[str] = (
        f"as in the tables of CTFA: {_POOLED}miou is the unweighted mean over all classes of the legend, and undefined "
        f"where one of them occurs in neither reference nor prediction.{_OTHERS}"
    )

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        ious = [row.iou for row in pooled.classes]
        return {**super()._values(pooled), "miou": None if None in ious else _mean(ious)}

    def _leave_out(self) -> dict[str, str]:
        return {}

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        absent = [row.name for row in pooled.classes if not row.reference + row.predicted]
        known = _mean([row.iou for row in pooled.classes])
        note = f"{ABSENT.capitalize()}, which leaves miou undefined as published: {', '.join(absent)}"
        return (*((f"{note}; without them it is {known:.4f}.",) if absent else ()), *super()._notes(pooled))

    def compute(self) -> ProtocolResult:
        """Return the figures of all that was counted; every class enters the mean.

        Raises:
            DataError: Not one pixel has both a reference and a prediction.
        """
        result = super().compute()
        rows = tuple(row.model_copy(update={"in_mean": True}) for row in result.per_class)
        return result.model_copy(update={"per_class": rows, "in_mean": self.classes, "left_out": {}})


class AtsgIsprs(CtfaClasses):
    """ATSG's five classes of Potsdam and Vaihingen: as ``ctfa-classes``, without the first class, ``background``.

    Its masks hold no pixel of that class, so that the published mean is over the five others. Here it stays out also
    where a reference has some.
    """

    name: ClassVar[str] = "atsg-isprs"
    description: ClassVar[str] = (
        f"as published with ATSG for Potsdam and Vaihingen: {_POOLED}miou is the unweighted mean over the classes of "
        f"the reference but background.{_OTHERS}"
    )

    def __init__(self, classes: Sequence[str]) -> None:
        """Start with no counts.

        Raises:
            UsageError: The first class is not the background.
        """
        if not classes or classes[0].lower() != "background":
            raise UsageError(
                f"protocol {self.name!r} leaves out a first class named background, which this legend does not have",
                remedy="Use ctfa-classes",
            )
        super().__init__(classes)

    def _leave_out(self) -> dict[str, str]:
        return super()._leave_out() | {self.classes[0]: "no class of the ground"}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
