"""Scenes: one image with its label, found from folders, globs, lists, a CSV of pairs or a published layout."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from landwright.data.pairing import pair, unique_names
from landwright.errors import DataError
from landwright.rasters import RASTER_SUFFIXES, VECTOR_SUFFIXES, expand_inputs
from landwright.recipe import DataSpec, SplitSpec

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
_COLUMNS = {"image": ("image", "image_fn"), "label": ("label", "label_fn")}
"""Names of the columns with the files: ours, and those of lists published with Paraformer and others."""


@dataclass(frozen=True)
class Scene:
    """One image with its label.

    Attributes:
        name: Short name, unique in its data set.
        image: Image file.
        label: Mask or polygon file; several scenes may share one.
        group: Scenes of one group never go into different parts.
        part: Part that is known beforehand (published split, column of the pairs file), or None.
    """

    name: str
    image: Path
    label: Path
    group: str | None = None
    part: Part | None = None


def find_scenes(spec: DataSpec, *, base: Path | None = None) -> list[Scene]:
    """Find the scenes that a recipe's ``data`` section describes.

    Args:
        spec: The ``data`` section.
        base: Folder that relative paths start from (default: the working directory). Paths inside a CSV of pairs are
            relative to the CSV.

    Returns:
        Scenes in a fixed order.

    Raises:
        DataError: A file is missing, images and labels do not match, the CSV lacks a column, or nothing is left of a
            layout.
        UsageError: There is no layout of that name, or its file names lack a field of ``where``.
    """
    if spec.pairs is not None:
        return _from_csv((base or Path()) / spec.pairs, spec.split)
    if spec.layout is not None and spec.root is not None:
        from landwright.data.layouts import load_layout

        return load_layout(spec.layout).scenes((base or Path()) / spec.root, spec.where)
    assert spec.images is not None and spec.labels is not None  # DataSpec admits nothing else
    if spec.split.by == "column":
        raise DataError(
            "a split by column needs a CSV of pairs or a published layout",
            remedy="Use `pairs`, or split by scene or block",
        )
    images = expand_inputs(spec.images, base=base)
    labels = expand_inputs(spec.labels, base=base, suffixes=(*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
    if both := set(images) & set(labels):
        raise DataError(
            "is both an image and a label", path=min(both), remedy="Narrow the globs, for example images: img/*.tif"
        )
    ordered = _is_written_out(spec.images) and _is_written_out(spec.labels)
    pairs = pair(images, labels, ordered=ordered)
    return [Scene(name, *files) for name, files in zip(unique_names(images), pairs, strict=True)]


def _is_written_out(inputs: str | list[str]) -> bool:
    return isinstance(inputs, list) and all(Path(entry).suffix and not set(entry) & set("*?[") for entry in inputs)


def _from_csv(path: Path, split: SplitSpec) -> list[Scene]:
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
    wanted = [*files.values()]
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
    folder = path.parent
    scenes = []
    names = unique_names([folder / (row[files["image"]] or "") for row in rows])
    for line, (name, row) in enumerate(zip(names, rows, strict=True), start=2):
        image, label = (folder / (row[column] or "") for column in files.values())
        for file in (image, label):
            if not file.is_file():
                raise DataError(f"line {line} names {file}, which is not a file", path=path, remedy="Correct the path")
        part = None
        if split.by == "column":
            part = (row[split.column] or "").strip().lower()
            if part not in PARTS:
                raise DataError(
                    f"line {line} has {row[split.column]!r} in column {split.column}",
                    path=path,
                    remedy="Write train, val or test",
                )
        group = (row[split.group] or None) if split.group is not None else None
        scenes.append(Scene(name, image, label, group=group, part=cast("Part | None", part)))
    return scenes
