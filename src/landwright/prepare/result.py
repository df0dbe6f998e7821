"""What fusing gives: the files and how far the products agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landwright.legends import Legend


@dataclass(frozen=True)
class ProductUse:
    """How a product was used.

    Attributes:
        path: The file.
        crosswalk: Name of its crosswalk, or None.
        aligned: "exact" for the grid of the output, "warped" for another one.
        labelled: Share of the output's pixels where it has a label, 0..1.
        notes: Plain remarks on what a user may not expect.
    """

    path: str
    crosswalk: str | None
    aligned: str
    labelled: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "notes": list(self.notes)}


@dataclass(frozen=True)
class FuseResult:
    """Fused labels.

    Attributes:
        path: The labels.
        agreement: The votes of the leading class.
        styles: QGIS styles of both.
        legend: Classes of the labels.
        k: Votes that a label needed.
        width: Columns.
        height: Rows.
        classes: Labelled pixels by class index.
        votes: Pixels by votes of the leading class, 0..n; those where no product has a label are in none.
        products: How each product was used.
        seconds: Time that it took.
    """

    path: Path
    agreement: Path
    styles: tuple[Path, ...]
    legend: Legend
    k: int
    width: int
    height: int
    classes: tuple[int, ...]
    votes: tuple[int, ...]
    products: tuple[ProductUse, ...]
    seconds: float

    @property
    def labelled(self) -> float:
        """Share of the pixels that have a label, 0..1."""
        return sum(self.classes) / (self.width * self.height)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each class in the labelled pixels, 0..1, by name."""
        total = sum(self.classes)
        return {name: pixels / total for name, pixels in zip(self.legend.names, self.classes, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "labels": str(self.path),
            "agreement": str(self.agreement),
            "styles": [str(style) for style in self.styles],
            "legend": self.legend.name,
            "k": self.k,
            "n": len(self.products),
            "width": self.width,
            "height": self.height,
            "labelled": self.labelled,
            "classes": [
                {"code": entry.code, "name": entry.name, "pixels": pixels, "share": self.shares[entry.name]}
                for entry, pixels in zip(self.legend.classes, self.classes, strict=True)
            ],
            "votes": list(self.votes),
            "products": [product.to_dict() for product in self.products],
            "seconds": self.seconds,
        }
