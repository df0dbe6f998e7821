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
        probabilities: Probabilities of all classes, or None.
        disagreement: Disagreement of overlapping windows in percent, or None.
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
    probabilities: Path | None = None
    disagreement: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files written."""
        files = (
            self.path,
            self.confidence,
            self.probabilities,
            self.disagreement,
            self.height_map,
            self.height_spread,
            self.legend,
        )
        return (*dict.fromkeys(path for path in files if path is not None), *self.styles)

    @property
    def rate(self) -> float:
        """Million pixels of the raster per second."""
        return self.width * self.height / self.seconds / 1e6

    def summary(self) -> str:
        """Return the same in a few lines for people."""
        share = self.valid / (self.width * self.height)
        lines = [
            f"{self.path}: {self.width} x {self.height} pixels ({share:.1%} valid) in {self.seconds:.1f} s "
            f"on {self.device} ({self.rate:.2f} Mpx/s, every pixel {self.redundancy:.2f} times)"
        ]
        if self.confidence is not None:
            lines.append(f"  confidence: {self.confidence}")
        if self.probabilities is not None:
            lines.append(f"  probabilities of all classes: {self.probabilities}")
        if self.disagreement is not None:
            lines.append(f"  disagreement of overlapping windows: {self.disagreement}")
        if self.height_map not in (None, self.path):
            lines.append(f"  heights in metres: {self.height_map}")
        if self.height_spread is not None:
            lines.append(f"  spread of the heights in metres: {self.height_spread}")
        if self.legend is not None:
            lines.append(f"  legend for recipes: {self.legend}")
        lines.append(f"  QGIS styles: {', '.join(str(style) for style in self.styles)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "image": self.image,
            "before": self.before,
            "map": str(self.path),
            "confidence": str(self.confidence) if self.confidence else None,
            "height_map": str(self.height_map) if self.height_map else None,
            "height_spread": str(self.height_spread) if self.height_spread else None,
            "probabilities": str(self.probabilities) if self.probabilities else None,
            "disagreement": str(self.disagreement) if self.disagreement else None,
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


@dataclass(frozen=True)
class ShardResult:
    """What one of several processes did for a map.

    Attributes:
        run: The run directory, or its address.
        blocks: Number of blocks of the whole map.
        made: Number of blocks finished meanwhile, by this process or others.
        finished: Number of all finished blocks.
        left: Number of blocks that are neither finished nor set aside.
        poison: Reasons of the blocks that were set aside, by name.
        seconds: Wall time.
        warnings: What the user should know.
    """

    run: str
    blocks: int
    made: int
    finished: int
    left: int
    poison: dict[str, str]
    seconds: float
    warnings: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return the same in a few lines for people."""
        lines = [f"{self.run}: {self.finished} of {self.blocks} blocks are finished, {self.made} of them just now"]
        lines += [f"  set aside: {name}: {reason}" for name, reason in self.poison.items()]
        if self.finished == self.blocks:
            lines.append(f"  put them together with: landwright merge {self.run}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "run": self.run,
            "blocks": self.blocks,
            "made": self.made,
            "finished": self.finished,
            "left": self.left,
            "poison": self.poison,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
        }
