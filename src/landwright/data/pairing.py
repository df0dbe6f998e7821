"""Match images and labels by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from os.path import commonpath
from pathlib import Path

from landwright.errors import DataError
from landwright.rasters import VECTOR_SUFFIXES

_SHOWN = 5
Key = tuple[str, ...]


def pair(
    images: Sequence[Path], labels: Sequence[Path], *, ordered: bool = False, kind: str = "a label"
) -> list[tuple[Path, Path]]:
    """Give every image its label file, or any other file that goes with it.

    One label file serves all images where it can (polygons, a mosaic). Otherwise names decide, the plainest rule that
    gives every image exactly one label first: equal stems; equal stems in folders of equal names beside the folder
    that tells images from masks (``Tile 4/images/a.jpg`` and ``Tile 4/masks/a.png``); the same after leaving out the
    words that all images, or all labels, share (``2_10_RGB.tif`` and ``2_10_label.tif``).

    Args:
        images: Image files.
        labels: Label files; labels that no image needs are left alone.
        ordered: The user wrote both lists out, so that their order counts where names have nothing in common.
        kind: What the other files are, for messages.

    Returns:
        One pair per image, in the order of ``images``.

    Raises:
        DataError: Images without a label, with their names.
    """
    if len(labels) == 1 and (len(images) == 1 or _covers_all(images, labels[0])):
        return [(image, labels[0]) for image in images]
    fewest: list[Path] = list(images)
    for rule in (_by_stem, _by_folder, _by_words, _by_folder_and_words):
        image_keys, label_keys = rule(images), rule(labels)
        table = dict(zip(label_keys, labels, strict=True))
        if len(table) < len(labels) or len(set(image_keys)) < len(images):
            continue
        missing = [image for image, key in zip(images, image_keys, strict=True) if key not in table]
        if not missing:
            return [(image, table[key]) for image, key in zip(images, image_keys, strict=True)]
        fewest = min(fewest, missing, key=len)
    if ordered and len(images) == len(labels) and len(fewest) == len(images):
        return list(zip(images, labels, strict=True))
    noun = kind.removeprefix("a ").removeprefix("an ")
    shown = ", ".join(str(image) for image in fewest[:_SHOWN])
    more = f" and {len(fewest) - _SHOWN} more" if len(fewest) > _SHOWN else ""
    raise DataError(
        f"{len(fewest)} of {len(images)} images have no {noun} of a matching name among {len(labels)} {noun} files: "
        f"{shown}{more}",
        remedy=f"Give every image and its {noun} equal names, or list them in a CSV file with `pairs`",
    )


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Return a short name per file: its stem, or its path below the common folder where stems repeat.

    Raises:
        DataError: A file is listed twice.
    """
    repeated = {path for path in paths if paths.count(path) > 1} if len(set(paths)) < len(paths) else set()
    if repeated:
        raise DataError("is listed more than once", path=min(repeated), remedy="List every image once")
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    paths = [path.absolute() for path in paths]
    root = commonpath(path.parent for path in paths)
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    if len(set(names)) == len(names):
        return names
    return [path.relative_to(root).as_posix() for path in paths]


def _covers_all(images: Sequence[Path], label: Path) -> bool:
    # A mask named like one of the images is that image's mask and no other's.
    return label.suffix.lower() in VECTOR_SUFFIXES or all(image.stem != label.stem for image in images)


def _by_stem(paths: Sequence[Path]) -> list[Key]:
    return [(path.stem,) for path in paths]


def _by_folder(paths: Sequence[Path]) -> list[Key]:
    folders = _without_common([path.parent.parts for path in paths])
    return [(*folder, path.stem) for folder, path in zip(folders, paths, strict=True)]


def _by_words(paths: Sequence[Path]) -> list[Key]:
    return _without_common([_words(path.stem) for path in paths])


def _by_folder_and_words(paths: Sequence[Path]) -> list[Key]:
    folders = _without_common([path.parent.parts for path in paths])
    return [(*folder, "/", *words) for folder, words in zip(folders, _by_words(paths), strict=True)]


def _words(stem: str) -> Key:
    return tuple(re.findall(r"[^\W\d_]+|\d+", stem))


def _without_common(keys: Sequence[Key]) -> list[Key]:
    """Leave out what all keys begin or end with."""
    start = _common(keys, lambda key, place: key[place])
    rest = [key[start:] for key in keys]
    end = _common(rest, lambda key, place: key[-1 - place])
    return [key[: len(key) - end] for key in rest]


def _common(keys: Sequence[Key], at: Callable[[Key, int], str]) -> int:
    length = 0
    shortest = min(len(key) for key in keys)
    while length < shortest and len({at(key, length) for key in keys}) == 1:
        length += 1
    return length
