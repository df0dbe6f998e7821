"""The protocols of the four-class comparisons published with Paraformer (Li et al., CVPR 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from landwright.engine.merge import fitting_crosswalks
from landwright.errors import UsageError
from landwright.evaluation.base import Protocol
from landwright.evaluation.confusion import Scores
from landwright.legends import Legend, load_crosswalk, load_legend

_RULE = (
    "Pixels without a reference class are not scored. Pixels with a reference class but no class in the map (nodata, "
    "or a class that the merge leaves out) count as errors, as published."
)


class MergedClasses(Protocol):
    """One confusion matrix over all images in a few merged classes; what is not mapped is missed.

    The evaluation script that goes with Paraformer divides the sum of the four IoUs by four whichever classes occur,
    and prints the mean recall as "OA". Here a class that occurs in neither reference nor map is left out of the means,
    and ``oa`` is the overall accuracy.

    Attributes:
        legend: Name of the legend whose classes are scored.
    """

    legend: ClassVar[str]
    ignore_rule: ClassVar[str] = _RULE
    unmapped_are_errors: ClassVar[bool] = True

    def __init__(self, classes: Sequence[str]) -> None:
        """Start with no counts.

        Raises:
            UsageError: The classes are not those of the protocol's legend.
        """
        legend = load_legend(self.legend)
        if tuple(classes) != legend.names:
            raise UsageError(
                f"protocol {self.name!r} scores the classes {', '.join(legend.names)}, not {_shortened(classes)}",
                remedy=_remedy(legend, classes),
            )
        super().__init__(classes)

    def _values(self, pooled: Scores) -> dict[str, float | None]:
        found = [row.recall for row in pooled.classes if row.recall is not None]
        mean_recall = sum(found) / len(found) if found else None
        return {
            "miou": pooled.miou,
            "oa": pooled.oa,
            "mean_recall": mean_recall,
            "fwiou": pooled.fwiou,
            "kappa": pooled.kappa,
        }

    def _notes(self, pooled: Scores) -> tuple[str, ...]:
        ious = [row.iou for row in pooled.classes if row.iou is not None]
        if len(ious) == len(pooled.classes):
            return ()
        return (
            f"The published script divides by {len(pooled.classes)} although only {len(ious)} classes occur: its mIoU "
            f"would be {sum(ious) / len(pooled.classes):.4f}.",
        )


def _described(legend: str) -> str:
    return (
        f"the map in the four classes of {legend} is compared with the reference in one confusion matrix over all "
        "pixels of all images that have a reference class; miou is the unweighted mean over the classes that occur, oa "
        "the overall accuracy, mean_recall the mean over the classes of the reference, which the published script "
        "prints as OA; fwiou weighs the IoUs by the reference."
    )


class Chesapeake4(MergedClasses):
    """Water, tree, low vegetation and impervious, for maps of the Chesapeake Bay."""

    name: ClassVar[str] = "chesapeake-4"
    legend: ClassVar[str] = "chesapeake-4"
    description: ClassVar[str] = _described("chesapeake-4")


class Poland4(MergedClasses):
    """The four classes of the comparison on Poland."""

    name: ClassVar[str] = "poland-4"
    legend: ClassVar[str] = "poland-4"
    description: ClassVar[str] = _described("poland-4")


def _shortened(classes: Sequence[str]) -> str:
    return ", ".join(classes[:4]) + (f" and {len(classes) - 4} more" if len(classes) > 4 else "")


def _remedy(legend: Legend, classes: Sequence[str]) -> str:
    tables = fitting_crosswalks(target=legend)
    fit = [name for name in tables if load_crosswalk(name).source_legend.names == tuple(classes)]
    others = [name for name in tables if name not in fit]
    merge = f"--merge {' or '.join(fit)}" if fit else "--merge"
    return (
        f"Translate the map with {merge} and the labels with --crosswalk ({', '.join(others)}); say --legend "
        f"{legend.name} of a map that holds these classes already"
    )
