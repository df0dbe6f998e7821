"""What a user may choose when a map is made, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landwright.bundles import TilingCard
from landwright.engine.augment import AUGMENTATIONS, Augmentation
from landwright.engine.blend import BLENDS, Blend
from landwright.engine.score import PRECISIONS, Precision
from landwright.engine.stream import Tiling
from landwright.errors import UsageError
from landwright.legends import Crosswalk

SMALLEST_TILE = 16

_BATCH_CPU = 1
_BATCH_GPU = 8


@dataclass(frozen=True)
class PredictOptions:
    """How a map is made; None takes what the model's card says.

    Attributes:
        tile: Side of a window in pixels, >= 16.
        overlap: Smallest overlap of neighbouring windows as a share of the tile, in [0, 1).
        blend: Weights of overlapping windows: ``cosine``, ``gaussian``, ``crop``, or what was published with a network:
            ``paraformer``, whose steps are fixed and whose windows count five times as much in their central half, or
            ``rs3dada``, whose steps are fixed, whose windows hang over the end on black, and which averages logits and
            keeps heights below 0.
        batch: Windows that go through the network together (default: 1 on a CPU, 8 on a GPU).
        tta: Test-time augmentation: ``none``, ``flip`` (4 passes) or ``d4`` (8 passes).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ...
        precision: ``32``, ``bf16``, ``16``, or ``auto``: bf16 on a GPU that has it.
        bands: Bands of the image in the model's order, 1-based numbers or descriptions (default: all of them).
        scale: Factor that values are multiplied by first, such as 255 / 65535 for a model of 8-bit images.
        before: The same place at an earlier date, on the same grid: for a model of two dates, or for the difference
            of heights, before less after, with a model of heights.
        aoi: Polygons of the area to map; ground outside becomes nodata.
        merge: Crosswalk from the model's classes to fewer: probabilities of classes with one target are summed before
            the most probable one is chosen, and the map has the target's legend. Classes without a target take no part.
        confidence: Where to write the largest class probability in percent; True puts it beside the map as
            ``NAME_confidence.tif``, False leaves it out.
        overwrite: Replace files that are there.

    Raises:
        UsageError: A value is out of its range.
    """

    tile: int | None = None
    overlap: float | None = None
    blend: Blend | None = None
    batch: int | None = None
    tta: Augmentation = "none"
    device: str = "auto"
    precision: Precision = "auto"
    bands: Sequence[int | str] | None = None
    scale: float | None = None
    before: Path | None = None
    aoi: Path | None = None
    merge: Crosswalk | None = None
    confidence: Path | bool = True
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Check the ranges, before a model is loaded or a file is opened."""
        if self.tile is not None and self.tile < SMALLEST_TILE:
            raise UsageError(f"tile {self.tile} is too small", remedy=f"Use at least {SMALLEST_TILE} pixels")
        if self.overlap is not None and not 0 <= self.overlap < 1:
            raise UsageError(f"overlap {self.overlap} is not a share of the tile", remedy="Use 0.25 for a quarter")
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"batch {self.batch} is not a number of windows", remedy="Use 1 or more")
        if self.scale is not None and not 0 < self.scale < math.inf:
            raise UsageError(f"scale {self.scale} is not a factor", remedy="Use a number above 0, such as 0.00389")
        _choose("blend", self.blend, (*BLENDS, None))
        _choose("tta", self.tta, AUGMENTATIONS)
        _choose("precision", self.precision, PRECISIONS)

    def tiling(self, card: TilingCard, device: str) -> Tiling:
        """Settle what is left to the card or the device type (``cpu``, ``cuda``)."""
        return Tiling(
            tile=card.tile if self.tile is None else self.tile,
            overlap=card.overlap if self.overlap is None else self.overlap,
            blend=card.blend if self.blend is None else self.blend,
            batch=self.batch or (_BATCH_CPU if device == "cpu" else _BATCH_GPU),
        )


@dataclass(frozen=True)
class MapResult:
    """A finished map.

    Attributes:
        path: The map: codes of the legend, or heights where the model has no classes.
        confidence: Largest class probability in percent, or None.
        styles: QGIS styles, beside the rasters.
        image: The raster that was mapped.
        width: Columns.
        height: Rows.
        valid: Mapped pixels; the others are nodata.
        windows: Windows that went through the network.
        skipped: Windows without a pixel to map.
        redundancy: Pixels through the network per pixel of the raster, without test-time augmentation.
        seconds: Wall time.
        device: Where it was computed.
        precision: ``32``, ``bf16`` or ``16``.
        warnings: What the user should know, such as an unsuitable ground sampling distance.
        height_map: Heights above ground in metres, or of two dates their difference; ``path`` itself where there are no
            classes; None where there are no heights.
        height_spread: Standard deviation of the heights over the views of test-time augmentation in metres, or None.
        before: The raster of the earlier date, or None.
    """

    path: Path
    confidence: Path | None
    styles: tuple[Path, ...]
    image: str
    width: int
    height: int
    valid: int
    windows: int
    skipped: int
    redundancy: float
    seconds: float
    device: str
    precision: str
    warnings: tuple[str, ...] = ()
    height_map: Path | None = None
    height_spread: Path | None = None
    before: str | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files written."""
        rasters = (self.path, self.confidence, self.height_map, self.height_spread)
        return (*dict.fromkeys(path for path in rasters if path is not None), *self.styles)

    @property
    def rate(self) -> float:
        """Million pixels of the raster per second."""
        return self.width * self.height / self.seconds / 1e6

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "image": self.image,
            "before": self.before,
            "map": str(self.path),
            "confidence": str(self.confidence) if self.confidence else None,
            "height_map": str(self.height_map) if self.height_map else None,
            "height_spread": str(self.height_spread) if self.height_spread else None,
            "styles": [str(path) for path in self.styles],
            "width": self.width,
            "height": self.height,
            "valid_pixels": self.valid,
            "windows": self.windows,
            "skipped": self.skipped,
            "redundancy": round(self.redundancy, 3),
            "seconds": round(self.seconds, 3),
            "megapixels_per_second": round(self.rate, 3),
            "device": self.device,
            "precision": self.precision,
            "warnings": list(self.warnings),
        }


def _choose(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        choices = ", ".join(str(item) for item in known if item is not None)
        raise UsageError(f"{name} {value!r} is unknown", remedy=f"Use one of {choices}")
