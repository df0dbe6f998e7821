"""What a comparison of heights found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from landwright.evaluation.heights.result import HeightResult
from landwright.rasters import Window


@dataclass(frozen=True)
class HeightPair:
    """A height map and the reference that it is compared with.

    Attributes:
        name: Short name, unique among the pairs.
        map: Raster of heights in metres.
        reference: The same.
        image: The imagery, for the report's pictures.
        label: Reference classes, so that errors are told apart by class, too.
        group: Set that the image belongs to; figures are given per set.
        regions: Parts of the map that count, or None for all of it.
    """

    name: str
    map: Path
    reference: Path
    image: Path | None = None
    label: Path | None = None
    group: str | None = None
    regions: tuple[Window, ...] | None = None


@dataclass(frozen=True)
class HeightPreview:
    """What one pair looks like, in a few hundred pixels a side.

    Attributes:
        name: Scene.
        shape: Height and width of the map in pixels.
        gsd: Metres per pixel of the map, if known.
        reference: float32 (h, w) metres, NaN = unknown.
        prediction: The same of the map.
        image: uint8 (3, h, w) colours of the imagery, if there is any.
    """

    name: str
    shape: tuple[int, int]
    gsd: float | None
    reference: NDArray[np.float32]
    prediction: NDArray[np.float32]
    image: NDArray[np.uint8] | None = None


class HeightScene(BaseModel):
    """How one height map fared, over its pixels.

    Attributes:
        name: Scene.
        map: Map file.
        reference: Reference file.
        group: Set that it belongs to.
        aligned: ``exact`` or ``warped``: how the reference came onto the map's grid.
        pixels: Pixels scored.
        mae: Mean absolute error in metres, or None where nothing was scored.
        rmse: Root of the mean squared error in metres.
        bias: Mean of prediction minus reference in metres.
        notes: Remarks of the readers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    map: str
    reference: str
    group: str | None
    aligned: str
    pixels: int
    mae: float | None
    rmse: float | None
    bias: float | None
    notes: tuple[str, ...] = ()


class HeightFindings(BaseModel):
    """Everything that a comparison of heights found.

    Attributes:
        results: One result per protocol.
        scenes: One entry per map.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    results: tuple[HeightResult, ...]
    scenes: tuple[HeightScene, ...]
