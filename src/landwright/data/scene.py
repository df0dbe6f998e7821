"""One image with what is known of its ground."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Scene:
    """One image with its label, its heights, or neither.

    Attributes:
        name: Short name, unique in its data set.
        image: Image file.
        label: Mask or polygon file, or None for an image without; several scenes may share one.
        group: Scenes of one group never go into different parts.
        part: Part that is known beforehand (published split, column of the pairs file), or None.
        height: Raster of height above ground in metres, or None.
        before: Image of an earlier date on the same grid, or None.
    """

    name: str
    image: Path
    label: Path | None
    group: str | None = None
    part: Part | None = None
    height: Path | None = None
    before: Path | None = None

    @property
    def reference(self) -> Path:
        """The file that the scene is learnt from: its label, else its heights, else the image itself."""
        return self.label or self.height or self.image
