"""Boxes of objects with their category: from masks, from vector files, and from published lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from skimage.measure import label, regionprops

from landwright.errors import DataError
from landwright.legends import IGNORE
from landwright.rasters import RasterInfo
from landwright.rasters.placement import polygons_on
from landwright.rasters.vectors import read_polygons

PAPER_AREA = (64**2, 1024**2)
"""Smallest and largest area in pixels of the boxes that FarSLIP was trained on."""

_CAPTIONS = ("global_caption", "detailed_caption", "brief_caption")
_SHOWN = 8


class Box(NamedTuple):
    """A rectangle of pixels and what is in it.

    Attributes:
        left: Column of the left edge.
        top: Row of the upper edge.
        right: Column of the right edge, larger than ``left``.
        bottom: Row of the lower edge, larger than ``top``.
        category: What is in it, in words.
    """

    left: float
    top: float
    right: float
    bottom: float
    category: str

    @property
    def area(self) -> float:
        """Pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def scaled(self, factor: float) -> Box:
        """Return the box in pixels of an image that is ``factor`` times as large."""
        left, top, right, bottom, category = self
        return Box(factor * left, factor * top, factor * right, factor * bottom, category)


class Listed(NamedTuple):
    """What a published list says of an image.

    Attributes:
        image: Path of the image as the list has it.
        caption: What it shows, or None.
        boxes: Objects, in pixels of the image.
    """

    image: str
    caption: str | None
    boxes: tuple[Box, ...]


def mask_boxes(mask: NDArray[Any], names: Sequence[str], *, min_area: float, fill: float) -> list[Box]:
    """Put a box around every connected piece of a class.

    Args:
        mask: Class indices (H, W), 255 = unknown; pixels that touch at a corner are connected.
        names: Category of every class.
        min_area: Boxes of fewer pixels are left out.
        fill: Boxes of which the piece fills a smaller share are left out: they show other things too.

    Returns:
        Boxes in pixels of the mask, those of the upper rows first.
    """
    pieces = label(mask, background=IGNORE, connectivity=2)  # type: ignore[no-untyped-call]
    boxes = []
    for piece in regionprops(pieces):  # type: ignore[no-untyped-call]
        top, left, bottom, right = piece.bbox
        if piece.area_bbox >= min_area and piece.extent >= fill:
            name = names[int(mask[tuple(piece.coords[0])])]
            boxes.append(Box(left, top, right, bottom, name))
    return boxes


def vector_boxes(path: Path, image: RasterInfo, category: str) -> list[Box]:
    """Put a box around every polygon that reaches into an image, cut at its edges.

    Args:
        path: Vector file with areas.
        image: The georeferenced image.
        category: Attribute that holds the category in words.

    Returns:
        Boxes in pixels of the image, in the order of the file.

    Raises:
        DataError: The file is not sound or does not lie on the image, the image has no georeference, or a polygon
            lacks the attribute.
        UsageError: The format needs packages that are not installed.
    """
    if not image.georeferenced:
        raise DataError(
            f"its areas cannot be placed on {image.path}, which has no georeference",
            path=path,
            remedy="Georeference the image, or give a mask of the same size",
        )
    polygons = read_polygons(path)
    places, shapes = polygons_on(image, polygons, str(path))
    boxes = []
    for place, (left, top, right, bottom) in zip(places, shapely.bounds(shapes), strict=True):
        named = polygons.properties[place].get(category)
        if named is None or not str(named).strip():
            known = ", ".join(list(polygons.properties[place])[:_SHOWN]) or "none"
            raise DataError(
                f"a polygon has no attribute {category!r} with its category; it has {known}",
                path=path,
                remedy="Name the attribute under words.category, or fill it in",
            )
        across, down = np.clip([left, right], 0, image.width), np.clip([top, bottom], 0, image.height)
        boxes.append(Box(float(across[0]), float(down[0]), float(across[1]), float(down[1]), str(named).strip()))
    return [box for box in boxes if box.area > 0]


def is_listing(path: Path) -> bool:
    """Whether a file is a list as published with MGRS-200k, and not one of vectors.

    Raises:
        DataError: It is JSON by its name but not by its content.
    """
    return path.suffix.lower() == ".json" and isinstance(_json(path), list)


def read_listing(path: Path) -> list[Listed]:
    """Read a list of images with captions and boxes, as published with MGRS-200k.

    Every entry has ``global_filepath``, at best one of ``global_caption``, ``detailed_caption`` and ``brief_caption``,
    and under ``segment`` objects with ``bbox`` (``x1``, ``y1``, ``x2``, ``y2`` in pixels) and ``category``.

    Raises:
        DataError: It is not such a list; the message names the entry.
    """
    listed = []
    for number, entry in enumerate(_json(path), start=1):
        try:
            boxes = tuple(_box(segment) for segment in entry.get("segment") or ())
            caption = next((text for key in _CAPTIONS if (text := entry.get(key))), None)
            listed.append(Listed(str(entry["global_filepath"]), caption, tuple(box for box in boxes if box.area > 0)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"entry {number} is not as in MGRS-200k: {type(error).__name__} {error}",
                path=path,
                remedy="Every entry has global_filepath and segment: [{bbox: {x1, y1, x2, y2}, category}]",
            ) from error
    return listed


def inside(boxes: Sequence[Box], left: float, top: float, width: float, height: float) -> list[Box]:
    """Return the boxes of which at least half lies in a window, cut at its edges and in its pixels."""
    found = []
    for box in boxes:
        cut = Box(
            max(box.left - left, 0),
            max(box.top - top, 0),
            min(box.right - left, width),
            min(box.bottom - top, height),
            box.category,
        )
        if cut.right > cut.left and cut.bottom > cut.top and 2 * cut.area >= box.area:
            found.append(cut)
    return found


def _box(segment: dict[str, Any]) -> Box:
    corners = [float(segment["bbox"][key]) for key in ("x1", "y1", "x2", "y2")]
    left, right = sorted(corners[::2])
    top, bottom = sorted(corners[1::2])
    return Box(left, top, right, bottom, str(segment["category"]).strip())


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read as JSON: {error}", path=path, remedy="Check the file") from error
