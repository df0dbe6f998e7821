"""Scenes from a CSV file: one line per image, with its label and whatever else is known of it."""

from __future__ import annotations

import csv
from pathlib import Path

from landwright.data.pairing import unique_names
from landwright.data.scene import PARTS, Part, Scene
from landwright.errors import DataError
from landwright.recipe import SplitSpec

_COLUMNS = {
    "image": ("image", "image_fn"),
    "label": ("label", "label_fn"),
    "height": ("height",),
    "before": ("before",),
}
"""Names of the columns with the files: ours, and those of lists published with Paraformer and others."""


def read_pairs(path: Path, split: SplitSpec) -> list[Scene]:
    """Read scenes from a CSV file.

    The columns are ``image`` and ``label``, and where there are any ``height`` and ``before``. The cell or the column
    of the label may be left out where there are heights to learn, and that of the height where there is a label.

    Args:
        path: The file; paths in it are relative to its folder.
        split: Names the columns of part and group.

    Raises:
        DataError: The file cannot be read, lacks a column, or names a file that does not exist; a scene has neither
            label nor height; or some scenes have an image of an earlier date and some have none.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the list of pairs cannot be read: {error}", path=path, remedy="Check the path") from error
    files = {
        kind: next((name for name in names if name in columns), " or ".join(names)) for kind, names in _COLUMNS.items()
    }
    wanted = [files["image"]] + ([files["label"]] if files["height"] not in columns else [])
    wanted += [split.column] if split.by == "column" else []
    wanted += [split.group] if split.group is not None else []
    if missing := [column for column in wanted if column not in columns]:
        raise DataError(
            f"has no column {', '.join(missing)}",
            path=path,
            remedy=f"The first line names the columns; it has {', '.join(columns) or 'none'}",
        )
    if not rows:
        raise DataError("lists no pairs", path=path, remedy="Add one line per image with its label")
    names = unique_names([path.parent / (row[files["image"]] or "") for row in rows])
    scenes = []
    for line, (name, row) in enumerate(zip(names, rows, strict=True), start=2):
        found = {kind: _file(path, line, row.get(column)) for kind, column in files.items()}
        image = found["image"]
        if image is None or (found["label"] is None and found["height"] is None):
            lacking = "image" if image is None else "label, and no height either"
            raise DataError(f"line {line} has no {lacking}", path=path, remedy="Fill the cell, or leave the line out")
        part = _part(path, line, row[split.column], split.column) if split.by == "column" else None
        group = (row[split.group] or None) if split.group is not None else None
        scenes.append(Scene(name, image, found["label"], group, part, found["height"], found["before"]))
    if (lacking_date := [scene for scene in scenes if scene.before is None]) and len(lacking_date) < len(scenes):
        raise DataError(
            f"{len(lacking_date)} of {len(scenes)} lines have no image in the column before, such as that of "
            f"{lacking_date[0].name}",
            path=path,
            remedy="Give every image one of an earlier date, or none of them",
        )
    return scenes


def _file(path: Path, line: int, cell: str | None) -> Path | None:
    if not cell:
        return None
    file = path.parent / cell
    if not file.is_file():
        raise DataError(f"line {line} names {file}, which is not a file", path=path, remedy="Correct the path")
    return file


def _part(path: Path, line: int, cell: str | None, column: str) -> Part:
    part = (cell or "").strip().lower()
    if part not in PARTS:
        raise DataError(f"line {line} has {cell!r} in column {column}", path=path, remedy="Write train, val or test")
    return part
