"""What comes back of a finished map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
        legend: The classes as a file for recipes, or None where none was asked for.
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
    legend: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files written."""
        files = (self.path, self.confidence, self.height_map, self.height_spread, self.legend)
        return (*dict.fromkeys(path for path in files if path is not None), *self.styles)

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
            "legend": str(self.legend) if self.legend else None,
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
