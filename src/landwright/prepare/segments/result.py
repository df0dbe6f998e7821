"""What a preparation of segments did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SegmentsResult:
    """Segments of images on disk.

    Attributes:
        path: The folder.
        provider: Who made them.
        params: With which settings, complete.
        images: Images that were named.
        kept: Those of them whose segments were there already.
        objects: Objects in an image, on average.
        boundary: Share of pixels on a boundary, on average.
        seconds: Time that it took.
    """

    path: Path
    provider: str
    params: dict[str, Any]
    images: int
    kept: int
    objects: float
    boundary: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path)}
