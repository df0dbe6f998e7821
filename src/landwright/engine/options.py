"""What a user may choose when a map is made, and what comes back."""

from __future__ import annotations

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
        blend: Weights of overlapping windows: ``cosine``, ``gaussian``, ``crop``, or ``paraformer``: the sliding window
            published with that network, whose steps are fixed and whose windows count five times as much in their
            central half.
        batch: Windows that go through the network together (default: 1 on a CPU, 8 on a GPU).
        tta: Test-time augmentation: ``none``, ``flip`` (4 passes) or ``d4`` (8 passes).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ...
        precision: ``32``, ``bf16``, ``16``, or ``auto``: bf16 on a GPU that has it.
        bands: Bands of the image in the model's order, 1-based numbers or descriptions (default: all of them).
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
        path: The class map, codes of the legend.
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

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files written."""
        return (self.path, *([self.confidence] if self.confidence else []), *self.styles)

    @property
    def rate(self) -> float:
        """Million pixels of the raster per second."""
        return self.width * self.height / self.seconds / 1e6

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "image": self.image,
            "map": str(self.path),
            "confidence": str(self.confidence) if self.confidence else None,
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
