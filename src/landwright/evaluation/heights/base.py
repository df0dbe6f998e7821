"""What the protocols for heights share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from landwright.errors import DataError
from landwright.evaluation.heights.errors import Heights
from landwright.evaluation.heights.result import HeightResult
from landwright.rasters import Window

ONE_SET = "all"
"""Name of the set of images that were not divided into sets."""


class HeightProtocol(ABC):
    """A way of turning heights into figures.

    ``update`` may be called for any part of any image in any order; parts that carry the same name and set belong to
    one image.

    Args:
        classes: Names of the reference's classes in the order of their indices, if classes are at hand.

    Attributes:
        name: Registry name.
        description: How pixels, images and sets are pooled.
    """

    name: ClassVar[str]
    description: ClassVar[str]

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """Start with no pixels."""
        self.classes = tuple(classes)

    @abstractmethod
    def update(
        self,
        prediction: Heights,
        reference: Heights,
        *,
        name: str,
        group: str | None = None,
        classes: Heights | None = None,
    ) -> None:
        """Count one image, or a part of one.

        Args:
            prediction: Metres above ground, of any shape; NaN where there is none.
            reference: The same of the reference; NaN where it is unknown.
            name: Which image; the parts of one image share it.
            group: Set that the image belongs to.
            classes: Reference classes 0..K-1 of the same shape, others are of no class.

        Raises:
            ValueError: The shapes differ.
        """

    @abstractmethod
    def compute(self) -> HeightResult:
        """Return the figures of all that was counted.

        Raises:
            DataError: Not one pixel has both a reference and a prediction.
        """

    def area(self, shape: tuple[int, int]) -> Window:
        """Return the part of an image of this height and width that the protocol scores: all of it by default."""
        return Window(0, 0, *shape)


def nothing_to_score() -> DataError:
    """The error of a protocol that counted no pixel."""
    return DataError(
        "no pixel has both a reference height and a prediction, so that there is nothing to score",
        remedy="Check the overlap of map and reference, and their nodata",
    )
