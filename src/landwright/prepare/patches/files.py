"""Read images with their labels; write patches, each whole or not at all, and their list."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from landwright.data.benchmarks import read_picture
from landwright.data.scene import Part
from landwright.errors import DataError
from landwright.legends import IGNORE, Legend
from landwright.legends.lookup import UNKNOWN
from landwright.prepare.benchmarks.files import write_pixels
from landwright.prepare.patches.plan import Patch, Tile
from landwright.prepare.patches.sets import PatchSet
from landwright.rasters import Window, atomic_output

_RULES: Final = 1
_MOST_UNKNOWN: Final = 0.1
_SHOWN: Final = 5
_COLUMNS: Final = ("image", "label", "tags", "split", "group")


@dataclass(frozen=True)
class Pixels:
    """An image with its label.

    Attributes:
        image: (H, W, 3) uint8.
        classes: (H, W) uint8 indices of the legend, 255 where ignored.
        notes: Remarks on the label.
    """

    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    notes: tuple[str, ...]

    @property
    def unlabelled(self) -> bool:
        """Whether any pixel has no class."""
        return bool((self.classes == IGNORE).any())


def read_tile(chosen: PatchSet, legend: Legend, tile: Tile) -> Pixels:
    """Read an image and its label of colours.

    Raises:
        DataError: They cannot be read or differ in size, or more than a tenth of the label has colours of no class.
    """
    picture, label = read_picture(tile.image), read_picture(tile.label)
    remedy = f"Use the published files: {chosen.obtain} ({chosen.url})"
    if label.shape != picture.shape:
        raise DataError(
            f"has {label.shape[1]} x {label.shape[0]} pixels, its image {tile.image.name} has {picture.shape[1]} x "
            f"{picture.shape[0]}",
            path=tile.label,
            remedy=remedy,
        )
    colours = label.colours()
    classes = legend.look_up_rgb(colours)
    strange = int(np.count_nonzero(classes == UNKNOWN))
    notes: tuple[str, ...] = ()
    if strange:
        counts = legend.unknown_colours(colours, classes).most_common(_SHOWN)
        shown = "; ".join(f"{colour} ({pixels} px)" for colour, pixels in counts)
        if strange > _MOST_UNKNOWN * classes.size:
            raise DataError(
                f"{strange / classes.size:.0%} of its pixels have colours that no class has, such as {shown}",
                path=tile.label,
                remedy=remedy,
            )
        classes[classes == UNKNOWN] = IGNORE
        notes = (f"{tile.label.name}: {strange} pixels have a colour that no class has ({shown}): ignored",)
    return Pixels(np.moveaxis(picture.colours(), 0, -1), classes, notes)


def is_there(folder: Path, patch: Patch) -> bool:
    """Whether a patch is complete: the image comes last."""
    return _image(folder, patch).is_file() and _mask(folder, patch).is_file()


def write_patch(folder: Path, patch: Patch, pixels: Pixels, legend: Legend) -> frozenset[str]:
    """Write a patch; return the names of its classes.

    Raises:
        DataError: If a file cannot be written.
    """
    classes = _cut(pixels.classes, patch.window, IGNORE)
    write_pixels(_mask(folder, patch), legend.decode(classes))
    write_pixels(_image(folder, patch), _cut(pixels.image, patch.window, 0))
    return _names(classes, legend)


def stored_tags(folder: Path, patch: Patch, legend: Legend) -> frozenset[str]:
    """Return the names of the classes of a patch that was written before.

    Raises:
        DataError: If its mask cannot be read.
    """
    path = _mask(folder, patch)
    return _names(legend.encode(read_picture(path).codes(), path=path), legend)


def write_pairs(folder: Path, rows: Iterable[tuple[Patch, frozenset[str], Part]], names: Sequence[str]) -> Path:
    """Write the list of patches.

    Args:
        folder: Folder of the set.
        rows: Each patch with its classes and its part.
        names: The classes that can be tags, in order.

    Returns:
        The file.

    Raises:
        DataError: If it cannot be written.
    """
    path = folder / "pairs.csv"
    with atomic_output(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for patch, said, part in rows:
            files = (_image(folder, patch), _mask(folder, patch))
            tags = ";".join(name for name in names if name in said)
            writer.writerow((*(file.relative_to(folder).as_posix() for file in files), tags, part, patch.tile.id))
    return path


def patch_mark(chosen: PatchSet) -> dict[str, Any]:
    """Return what a folder with patches of this set says of itself."""
    return {"patches": chosen.name, "rules": _RULES}


def _image(folder: Path, patch: Patch) -> Path:
    return folder / "images" / f"{patch.name}.png"


def _mask(folder: Path, patch: Patch) -> Path:
    return folder / "masks" / f"{patch.name}.png"


def _names(classes: NDArray[np.uint8], legend: Legend) -> frozenset[str]:
    return frozenset(legend.names[index] for index in np.unique(classes) if index != IGNORE)


def _cut(pixels: NDArray[np.uint8], window: Window, fill: int) -> NDArray[np.uint8]:
    """Pixels of a window, filled up where it reaches beyond them."""
    row, col, height, width = window
    inside = pixels[row : row + height, col : col + width]
    margin = [(0, height - inside.shape[0]), (0, width - inside.shape[1])]
    return np.pad(inside, [*margin, *[(0, 0)] * (pixels.ndim - 2)], constant_values=fill)
