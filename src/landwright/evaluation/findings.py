"""What a comparison of maps with references found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from landwright.errors import UsageError
from landwright.evaluation.area import AreaTable
from landwright.evaluation.heights.findings import HeightFindings
from landwright.evaluation.result import ProtocolResult
from landwright.evaluation.tags.findings import TagFindings
from landwright.evaluation.trained import TrainedOn
from landwright.legends import Crosswalk
from landwright.rasters import Window


@dataclass(frozen=True)
class Pair:
    """A map and the reference that it is compared with.

    Attributes:
        name: Short name, unique among the pairs.
        map: Raster of class codes or colours.
        reference: Mask or polygons.
        image: The imagery, for the report's pictures.
        confidence: The map's confidence raster in percent, for the report's pictures.
        regions: Parts of the map that count, or None for all of it.
    """

    name: str
    map: Path
    reference: Path
    image: Path | None = None
    confidence: Path | None = None
    regions: tuple[Window, ...] | None = None


@dataclass(frozen=True)
class LabelOptions:
    """How references are read; see ``landwright.rasters.open_labels``.

    Attributes:
        field: Attribute of polygons that holds the class.
        burn: Class of all polygons.
        outside: Class outside the polygons.
        crosswalk: From the reference's own legend to the map's.
    """

    field: str | None = None
    burn: str | None = None
    outside: str | None = None
    crosswalk: Crosswalk | None = None


MergedBy = Literal["map", "probability"]
"""When a map's classes are merged: when it is finished, or before it is made."""


@dataclass(frozen=True)
class Merge:
    """How a map's classes become the fewer ones that are scored.

    Attributes:
        crosswalk: From the map's legend to the one scored.
        by: ``map``: every pixel of the finished map is translated, as published; ``probability``: the model's
            probabilities of classes with one target are summed before the most probable class is chosen, which only a
            model can do.

    Raises:
        UsageError: There is no such way to merge.
    """

    crosswalk: Crosswalk
    by: MergedBy = "map"

    def __post_init__(self) -> None:
        """Refuse an unknown way."""
        if self.by not in get_args(MergedBy):
            raise UsageError(
                f"classes cannot be merged by {self.by!r}", remedy=f"Use one of {', '.join(get_args(MergedBy))}"
            )

    @property
    def sentence(self) -> str:
        """What is printed with every score."""
        how = "after the map was made" if self.by == "map" else "by summing probabilities before the map was made"
        return f"The map's classes were merged by the table {self.crosswalk.name}, {how}."


PLAIN = LabelOptions()
"""References read as they are."""


@dataclass(frozen=True)
class Preview:
    """What one pair looks like, in a few hundred pixels a side.

    Attributes:
        name: Scene.
        shape: Height and width of the map in pixels.
        gsd: Metres per pixel of the map, if known.
        reference: uint8 (h, w) class indices, 255 = none.
        prediction: The same of the map.
        image: uint8 (3, h, w) colours of the imagery, if there is any.
        confidence: uint8 (h, w) percent, 255 = none, if there is any.
    """

    name: str
    shape: tuple[int, int]
    gsd: float | None
    reference: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    image: NDArray[np.uint8] | None = None
    confidence: NDArray[np.uint8] | None = None


class SceneScore(BaseModel):
    """How one map fared, pooled over its pixels.

    Attributes:
        name: Scene.
        map: Map file.
        reference: Reference file.
        aligned: ``exact``, ``warped`` or ``burnt``: how the reference came onto the map's grid.
        pixels: Pixels scored.
        oa: Overall accuracy, 0..1, or None where nothing was scored.
        miou: Mean IoU over the classes that occur in this scene, 0..1, or None.
        notes: Remarks of the readers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    map: str
    reference: str
    aligned: str
    pixels: int
    oa: float | None
    miou: float | None
    notes: tuple[str, ...] = ()


class Evaluation(BaseModel):
    """Everything that a comparison found.

    Attributes:
        results: One result per protocol, the first one first; none where heights alone were compared.
        area: Error-adjusted areas, where classes were compared.
        scenes: One entry per class map.
        heights: What a comparison of heights found, where there was one.
        tags: What a comparison of the stages from tags to the map found, where there was one.
        merge: Table by which the map's classes were merged, if they were.
        merged_by: ``map`` or ``probability``.
        crosswalk: Table by which the reference's classes were translated, if they were.
        trained_on: Whether the images were trained on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    results: tuple[ProtocolResult, ...] = ()
    area: AreaTable | None = None
    scenes: tuple[SceneScore, ...] = ()
    heights: HeightFindings | None = None
    tags: TagFindings | None = None
    merge: str | None = None
    merged_by: MergedBy | None = None
    crosswalk: str | None = None
    trained_on: TrainedOn | None = None
