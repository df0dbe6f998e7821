"""The default protocol for heights: all pixels of all images together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from landwright.evaluation.heights.base import ONE_SET, HeightProtocol, nothing_to_score
from landwright.evaluation.heights.errors import HeightErrors, Heights
from landwright.evaluation.heights.result import HeightResult, HeightSet


class PooledHeight(HeightProtocol):
    """Errors over all pixels of all images, also by reference height and, where classes are at hand, by class."""

    name: ClassVar[str] = "pooled-height"
    description: ClassVar[str] = (
        "errors in metres over all pixels of all images together; bias is prediction minus reference; _high are the "
        "pixels whose reference is above 3 m."
    )

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """Start with no pixels."""
        super().__init__(classes)
        self._sets: dict[str, HeightErrors] = {}
        self._names: dict[str, set[str]] = {}

    def update(
        self,
        prediction: Heights,
        reference: Heights,
        *,
        name: str,
        group: str | None = None,
        classes: Heights | None = None,
    ) -> None:
        """Count one image, or a part of one; see ``HeightProtocol.update``."""
        of = group or ONE_SET
        self._sets.setdefault(of, HeightErrors(len(self.classes))).update(prediction, reference, classes)
        self._names.setdefault(of, set()).add(name)

    def compute(self) -> HeightResult:
        """Return the figures; see ``HeightProtocol.compute``."""
        total = HeightErrors(len(self.classes))
        for errors in self._sets.values():
            total.load_state(total.state() + errors.state())
        if not total.pixels:
            raise nothing_to_score()
        return HeightResult(
            protocol=self.name,
            description=self.description,
            values=_defined(total),
            rows=total.rows(self.classes),
            sets=tuple(
                HeightSet(name=name, images={"whole": len(self._names[name])}, values=_defined(errors))
                for name, errors in self._sets.items()
            ),
            images=sum(map(len, self._names.values())),
            pixels=total.pixels,
            unmapped=total.unmapped,
        )


def _defined(errors: HeightErrors) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in errors.values().items()}
