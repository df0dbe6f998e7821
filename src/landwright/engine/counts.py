"""What happened to the pixels of a map, or of a part of it, in numbers that can be added."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from landwright.engine.options import PredictOptions
from landwright.errors import DataError

_BROKEN = "check the model's weights; with --precision 16, try 32"


@dataclass(frozen=True)
class Counts:
    """What happened to the pixels.

    Attributes:
        valid: Pixels of the image that can be used.
        windows: Windows that went through the network.
        skipped: Windows without a valid pixel.
        not_finite: Pixels that are NaN or infinite in a band.
        broken: Valid pixels that became nodata because their scores are NaN or infinite.
        undecided: Valid pixels that became nodata because there was nothing to choose from.
        unsure: Valid pixels that became nodata because no class was probable enough.
        surest: Largest probability of a class, among the unsure too.
    """

    valid: int = 0
    windows: int = 0
    skipped: int = 0
    not_finite: int = 0
    broken: int = 0
    undecided: int = 0
    unsure: int = 0
    surest: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of two parts together."""
        summed = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "surest"
        }
        return Counts(**summed, surest=max(self.surest, other.surest))

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Read what `to_dict` returned."""
        return cls(**{field.name: content[field.name] for field in fields(cls)})

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"lost": self.lost}

    @property
    def lost(self) -> int:
        """Valid pixels that became nodata."""
        return self.undecided + self.unsure + self.broken

    def warnings(self, least: float) -> list[str]:
        """Say what the user should know.

        Args:
            least: Probability below which a pixel becomes nodata.
        """
        became = {
            f"have scores that are NaN or infinite ({_BROKEN})": self.broken,
            "show only classes that the merge leaves out": self.undecided,
            f"are of no class with a probability of {least:g}": self.unsure,
        }
        found = [f"{pixels} pixels {what}, and became nodata" for what, pixels in became.items() if pixels]
        if self.not_finite:
            found.insert(0, f"{self.not_finite} pixels are NaN or infinite in a band and became nodata")
        return found

    def check(self, path: str, options: PredictOptions) -> None:
        """Refuse a map that says nothing.

        Args:
            path: The image, for the message.
            options: What the user chose.

        Raises:
            DataError: No pixel can be used or has a finite score, or labels were wanted and no class is probable
                enough.
        """
        if not self.valid:
            raise _nothing(path, options)
        if self.broken == self.valid:
            raise DataError(
                "has no pixel with finite scores: the model says NaN or infinity everywhere",
                path=path,
                remedy=f"{_BROKEN[0].upper()}{_BROKEN[1:]}",
            )
        if options.as_labels and self.unsure and self.lost == self.valid:
            # Rounded down: pixels of just that probability are then sure.
            surest = math.floor(self.surest * 1000) / 1000
            raise DataError(
                f"has no pixel of a class with a probability of {options.least:g}, so that there are no labels",
                path=path,
                remedy=f"Lower --min-confidence: the surest pixel has {surest:g}",
            )


def _nothing(path: str, options: PredictOptions) -> DataError:
    if options.aoi is None:
        return DataError(
            "has no valid pixel: all of it is nodata, NaN or infinite",
            path=path,
            remedy="Check its nodata value and its mask",
        )
    return DataError(
        f"has no valid pixel inside {options.aoi}",
        path=path,
        remedy="Check that the area lies on imagery and not on nodata",
    )
