"""Files that say what is in whole images: CSV, vector files, STAC items."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from landwright.errors import DataError, UsageError
from landwright.rasters import VECTOR_SUFFIXES
from landwright.rasters.vectors import Features, read_features

TAG_SUFFIXES = (".csv", *VECTOR_SUFFIXES)
"""Suffixes of files of tags."""

_IMAGE = ("image", "image_fn", "location")
"""Columns with an image's name: ours, Paraformer's, and gdaltindex's."""
_TAGS = ("tags", "tag")
_STAC = ("tags", "keywords")
_JSON = (".json", ".geojson")


@dataclass(frozen=True)
class TagRow:
    """What one line, feature or item says.

    Attributes:
        where: Its place in the file, such as "line 3".
        images: Names or paths, any of which stands for the image; empty where the place decides.
        tags: The tags, as written but for spaces.
        place: Geometry in the file's reference system, where the place decides.
    """

    where: str
    images: tuple[str, ...]
    tags: tuple[str, ...]
    place: BaseGeometry | None = None


@dataclass(frozen=True)
class TagFile:
    """All that a file says.

    Attributes:
        path: The file.
        rows: Its lines, features or items.
        crs: Reference system of the places, or None without any.
    """

    path: Path
    rows: tuple[TagRow, ...]
    crs: CRS | None = None


def read_tag_file(path: Path, field: str | None = None) -> TagFile:
    """Read a file of tags.

    Args:
        path: CSV, vector file, or JSON with a STAC item or collection of items.
        field: Column, attribute or property with the tags, instead of ``tags`` or ``tag`` (STAC: ``tags`` or
            ``keywords``). Several tags of one image are apart by semicolons, or a list.

    Raises:
        UsageError: There is no such column, or a package for the format is not installed.
        DataError: The file cannot be read, or is none of these.
    """
    suffix = path.suffix.lower()
    if suffix not in TAG_SUFFIXES:
        raise UsageError("is no file of tags", path=path, remedy=f"Give one of {', '.join(TAG_SUFFIXES)}")
    if not path.is_file():
        raise DataError("there is no such file", path=path, remedy="Check the path")
    if suffix == ".csv":
        return _from_csv(path, field)
    if suffix in _JSON and (items := _stac_items(path)):
        return _from_stac(path, items, field)
    return _from_features(path, read_features(path), field)


def split_tags(value: Any) -> tuple[str, ...]:
    """Return the tags of a cell: apart by semicolons, or in a list; none of an empty cell."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ()
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, Iterable) else [value]
    return tuple(tag for part in parts if (tag := " ".join(str(part).split())))


def _from_csv(path: Path, field: str | None) -> TagFile:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = [(number, row) for number, row in enumerate(csv.reader(stream), start=1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the list of tags cannot be read: {error}", path=path, remedy="Check the path") from error
    if not lines:
        raise DataError("the list of tags is empty", path=path, remedy="Write a line image,tag;tag for each image")
    columns = [name.strip().casefold() for name in lines[0][1]]
    image = next((name for name in _IMAGE if name in columns), None)
    wanted = _TAGS if field is None else (field.strip().casefold(),)
    if image is None and not set(columns) & {*_TAGS, *wanted}:
        return TagFile(path, tuple(_plain_row(path, number, row) for number, row in lines))
    tags = next((name for name in wanted if name in columns), None)
    if image is None or tags is None:
        raise DataError(
            f"has no column {' or '.join(_IMAGE[:1] if image is None else wanted)}",
            path=path,
            remedy=f"The first line names the columns; it has {', '.join(lines[0][1])}",
        )
    first, second = columns.index(image), columns.index(tags)
    rows = []
    for number, row in lines[1:]:
        name = row[first].strip() if first < len(row) else ""
        if not name:
            raise DataError(f"line {number} names no image", path=path, remedy="Fill the cell, or leave the line out")
        if any(cell.strip() for cell in row[len(columns) :]):
            raise DataError(
                f"line {number} has {len(row)} cells, but there are {len(columns)} columns",
                path=path,
                remedy="Set the tags of an image apart by semicolons, and quote cells with commas in them",
            )
        rows.append(TagRow(f"line {number}", (name,), split_tags(row[second] if second < len(row) else None)))
    return TagFile(path, tuple(rows))


def _plain_row(path: Path, number: int, row: Sequence[str]) -> TagRow:
    if len(row) > 2 or not row[0].strip():
        raise DataError(
            f"line {number} is not image,tag;tag",
            path=path,
            remedy="Set tags apart by semicolons, or name the columns in the first line: image,tags",
        )
    return TagRow(f"line {number}", (row[0].strip(),), split_tags(row[1] if len(row) == 2 else None))


def _stac_items(path: Path) -> list[dict[str, Any]]:
    """The STAC items of a file; none where it is plain GeoJSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"is not JSON: {error}", path=path, remedy="Export it again") from error
    features = content.get("features", [content]) if isinstance(content, dict) else []
    return [item for item in features if isinstance(item, dict) and "stac_version" in item and item.get("id")]


def _from_stac(path: Path, items: Sequence[dict[str, Any]], field: str | None) -> TagFile:
    wanted = _STAC if field is None else (field,)
    rows = []
    for item in items:
        properties = item.get("properties") or {}
        name = next((name for name in wanted if name in properties), None)
        if name is None:
            raise UsageError(
                f"item {item['id']} has no property {' or '.join(wanted)}",
                path=path,
                remedy=f"Name the property with the tags; it has {', '.join(properties) or 'none'}",
            )
        assets = (item.get("assets") or {}).values()
        hrefs = [str(asset["href"]) for asset in assets if isinstance(asset, dict) and asset.get("href")]
        rows.append(TagRow(f"item {item['id']}", (*hrefs, str(item["id"])), split_tags(properties[name])))
    return TagFile(path, tuple(rows))


def _from_features(path: Path, features: Features, field: str | None) -> TagFile:
    known = list(dict.fromkeys(name for values in features.properties for name in values))
    if not known:
        raise DataError("has no attributes", path=path, remedy="Give a file whose features have a column of tags")
    wanted = _TAGS if field is None else (field,)
    tags = next((name for name in wanted if name in known), None)
    if tags is None:
        raise UsageError(
            f"no feature has an attribute {' or '.join(wanted)}",
            path=path,
            remedy=f"Name the attribute with the tags; there are {', '.join(known)}",
        )
    image = next((name for name in _IMAGE if name in known), None)
    rows = []
    for number, (place, values) in enumerate(zip(features.geometries, features.properties, strict=True), start=1):
        where, said = f"feature {number}", split_tags(values.get(tags))
        named = split_tags(values.get(image)) if image is not None else ()
        if image is not None and not named:
            raise DataError(f"{where} has no {image}", path=path, remedy="Fill the attribute, or leave the feature out")
        if named:
            rows.append(TagRow(where, named[:1], said))
        elif place is not None and not place.is_empty:
            rows.append(TagRow(where, (), said, place))
    return TagFile(path, tuple(rows), features.crs if image is None else None)
