"""Which images there are, and where their patches lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landwright.data import templates
from landwright.errors import DataError
from landwright.prepare.benchmarks.windows import crop_starts
from landwright.prepare.patches.sets import Files, PatchSet
from landwright.rasters import Window, open_raster

_SHOWN = 5


@dataclass(frozen=True)
class Tile:
    """An image as published.

    Attributes:
        id: What its name tells.
        image: The image.
        label: Its label.
        test: Whether it is one to test on.
    """

    id: str
    image: Path
    label: Path
    test: bool


@dataclass(frozen=True)
class Patch:
    """A piece of an image.

    Attributes:
        name: Name without suffix.
        tile: The image.
        window: Rows and columns of the image; they reach beyond one that is to be filled up.
    """

    name: str
    tile: Tile
    window: Window


def find_images(chosen: PatchSet, root: Path) -> list[Tile]:
    """Find the images of a set with their labels, in the order of their names.

    Raises:
        DataError: A kind of image is not there, or an image has no label.
    """
    if not root.is_dir():
        raise DataError("there is no such folder", path=root, remedy="Name the folder with the publisher's files")
    return [tile for files in chosen.files for tile in _tiles(chosen, root, files)]


def _tiles(chosen: PatchSet, root: Path, files: Files) -> list[Tile]:
    remedy = f"{chosen.obtain} ({chosen.url})"
    base, found = next(
        (
            (root / folder, found)
            for folder in chosen.folders
            for template in files.images
            if (found := templates.find(root / folder, template))
        ),
        (root, []),
    )
    tiles, bare = [], []
    for image, fields in found:
        name = fields["tile"]
        label = next((path for path in templates.places(base, files.labels, fields) if path.is_file()), None)
        if name in chosen.unused:
            continue
        if label is None:
            bare.append(image.name)
        else:
            tiles.append(Tile(name, image, label, files.test or name in chosen.test))
    if bare:
        more = f" and {len(bare) - _SHOWN} more" if len(bare) > _SHOWN else ""
        raise DataError(
            f"{len(bare)} images have no label: {', '.join(bare[:_SHOWN])}{more}; expected is "
            f"{' or '.join(files.labels)}",
            path=base,
            remedy=remedy,
        )
    if not tiles:
        raise DataError(
            f"holds no image of {chosen.title}: expected is {' or '.join(files.images)}", path=root, remedy=remedy
        )
    return tiles


def starts(length: int, size: int, spare: int) -> list[int]:
    """Place patches along one side of an image: at multiples of their size, the last one flush with the end.

    Args:
        length: Side of the image in pixels, at least `size`.
        size: Side of a patch.
        spare: A rest of at most so many pixels gets no patch.
    """
    rest = length % size
    return crop_starts(length - rest if rest <= spare else length, size, size)


def place_patches(chosen: PatchSet, tiles: Sequence[Tile]) -> list[Patch]:
    """Place the patches of all images, row by row.

    Raises:
        DataError: An image cannot be opened or is smaller than a patch, or two patches have one name.
    """
    patches = [patch for tile in tiles for patch in _of_tile(chosen, tile)]
    names = [patch.name for patch in patches]
    if len(set(names)) < len(names):
        twice = next(patch for patch in patches if names.count(patch.name) > 1)
        raise DataError(
            "its patches are there twice", path=twice.tile.image, remedy="Keep one image of the name in the folders"
        )
    return patches


def _of_tile(chosen: PatchSet, tile: Tile) -> list[Patch]:
    size = chosen.size
    with open_raster(tile.image) as raster:
        height, width = raster.shape
    if not chosen.pad and min(height, width) < size:
        raise DataError(
            f"has {width} x {height} pixels, less than a patch of {size} x {size}",
            path=tile.image,
            remedy=f"Use the published images: {chosen.obtain} ({chosen.url})",
        )
    rows, columns = (starts(max(side, size), size, chosen.spare) for side in (height, width))
    places = [(row, col, y, x) for row, y in enumerate(rows) for col, x in enumerate(columns)]
    patches = []
    for number, (row, col, y, x) in enumerate(places):
        values = {"k": number, "row": row, "col": col, "x0": x, "y0": y, "x1": x + size, "y1": y + size}
        name = templates.fill(chosen.patch, {"tile": tile.id} | {key: str(value) for key, value in values.items()})
        patches.append(Patch(name, tile, Window(y, x, size, size)))
    return patches
