"""What is said of whole images: captions and tags from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from landwright.data.pairing import unique_names
from landwright.data.scene import PARTS, Scene
from landwright.data.scenes import find_scenes
from landwright.errors import DataError
from landwright.recipe import DataSpec

CAPTION = "caption"
TAGS = "tags"
_SHOWN = 3


def tag_caption(tags: Sequence[str], phrase: str) -> str:
    """Make a caption of tags.

    Args:
        tags: At least one word.
        phrase: Prompt with one ``{}``.

    Returns:
        Such as ``a satellite image of building, road and water``.
    """
    *first, last = tags
    return phrase.format(f"{', '.join(first)} and {last}" if first else last)


def read_captions(path: Path, scenes: Sequence[Scene], *, phrase: str) -> dict[str, str]:
    """Read what a CSV file says of scenes.

    Args:
        path: CSV with a column ``image`` (a path relative to the file, or the image's name with or without suffix) and
            one of ``caption`` or ``tags`` (apart by semicolons). A caption goes before tags; a line may have neither.
        scenes: The scenes; those that the file does not name have no caption.
        phrase: Prompt around tags.

    Returns:
        Caption by name of the scene.

    Raises:
        DataError: The file cannot be read, lacks a column, or says nothing of any of the scenes.
    """
    columns, rows = _read(path)
    if "image" not in columns or not {CAPTION, TAGS} & set(columns):
        raise DataError(
            f"has no column {'image' if 'image' not in columns else f'{CAPTION} or {TAGS}'}",
            path=path,
            remedy=f"The first line names the columns; it has {', '.join(columns) or 'none'}",
        )
    said = {}
    for row in rows:
        tags = [tag for part in (row.get(TAGS) or "").split(";") if (tag := " ".join(part.split()))]
        caption = " ".join((row.get(CAPTION) or "").split()) or (tag_caption(tags, phrase) if tags else "")
        if caption and row["image"]:
            said[row["image"]] = caption
    by_path = {(path.parent / image).resolve(): caption for image, caption in said.items()}
    found = {}
    for scene in scenes:
        keys = (scene.name, scene.image.name, scene.image.stem)
        caption = by_path.get(scene.image.resolve()) or next((said[key] for key in keys if key in said), "")
        if caption:
            found[scene.name] = caption
    if not found:
        shown = ", ".join(list(said)[:_SHOWN]) or "nothing"
        raise DataError(
            f"says nothing of any of the {len(scenes)} images; it names {shown}",
            path=path,
            remedy="Write the images' names or their paths from the file's folder into the column image",
        )
    return found


def has_captions(path: Path) -> bool:
    """Whether a CSV file has a column of captions or tags.

    Raises:
        DataError: It cannot be read.
    """
    return bool({CAPTION, TAGS} & set(_read(path)[0]))


def find_captioned(spec: DataSpec) -> list[Scene]:
    """Find the scenes of a ``data`` section as :func:`find_scenes` does, images without a label among them.

    Raises:
        DataError: As :func:`find_scenes`.
    """
    if spec.pairs is None:
        return find_scenes(spec)
    path = Path(spec.pairs)
    columns, rows = _read(path)
    if "image" not in columns or not rows or all(row.get("label") or row.get("height") for row in rows):
        return find_scenes(spec)
    names = unique_names([path.parent / (row["image"] or "") for row in rows])
    scenes = []
    for line, (name, row) in enumerate(zip(names, rows, strict=True), start=2):
        image, label = path.parent / (row["image"] or ""), row.get("label")
        mask = path.parent / label if label else None
        if missing := [file for file in (image, mask) if file is not None and not file.is_file()]:
            raise DataError(f"line {line} names {missing[0]}, which is not a file", path=path, remedy="Correct it")
        given = (row.get(spec.split.column) or "").strip().lower()
        part = next((part for part in PARTS if part == given), None)
        if spec.split.by == "column" and part is None:
            raise DataError(
                f"line {line} has {given!r} in column {spec.split.column}", path=path, remedy="Write train, val or test"
            )
        group = row.get(spec.split.group) if spec.split.group is not None else None
        scenes.append(Scene(name, image, mask, group or None, part if spec.split.by == "column" else None))
    return scenes


def _read(path: Path) -> tuple[Sequence[str], list[dict[str, str | None]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            return reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the list of captions cannot be read: {error}", path=path, remedy="Check the path") from error
