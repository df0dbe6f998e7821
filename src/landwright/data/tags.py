"""What is in whole images: tags of scenes, read from CSV, vector files and STAC items, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from os import PathLike
from pathlib import Path

from landwright.data.scene import Scene
from landwright.data.tag_counts import TagCounts, tag_counts
from landwright.data.tag_files import TAG_SUFFIXES, TagRow, read_tag_file
from landwright.data.tag_scenes import SceneNames, rows_in
from landwright.errors import DataError, UsageError
from landwright.rasters import expand_inputs

__all__ = ["TagCounts", "background_of", "check_tags", "read_tags", "tag_counts", "tagged_names"]

AUTO, NONE = "auto", "none"
_SHOWN = 5
_NAMES = "Images are named by their path from the file's folder, or by their file's name with or without suffix"

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


def background_of(names: Sequence[str], background: str | None = AUTO) -> str | None:
    """Return the class that no tag names, because thresholds find it; None for a legend that covers everything.

    Args:
        names: Classes of the legend in order.
        background: Name of the first class; "none" or None; "auto": the first class if it is called background.

    Raises:
        UsageError: It is not the first class.
    """
    first = names[0]
    if background is None or background.casefold() == NONE:
        return None
    if background.casefold() == AUTO:
        return first if first.casefold() == "background" else None
    if background.casefold() != first.casefold():
        raise UsageError(
            f"the background {background!r} is not the first class of the legend, which is {first}",
            remedy="Use a legend in which it comes first, or `none`",
        )
    return first


def tagged_names(names: Sequence[str], background: str | None = AUTO) -> tuple[str, ...]:
    """Return the classes that tags can name: all of a legend but its background (see :func:`background_of`)."""
    return tuple(names) if background_of(names, background) is None else tuple(names[1:])


def read_tags(
    paths: Paths,
    scenes: Sequence[Scene],
    names: Sequence[str],
    *,
    field: str | None = None,
    background: str | None = AUTO,
    complete: bool = True,
) -> dict[str, frozenset[str]]:
    """Read the tags of scenes.

    A CSV file has lines ``image,tag;tag``, or names its columns in the first line: ``image`` and ``tags`` among any
    others. A vector file has an attribute of tags; its features belong to the image that an attribute ``image`` names
    or, without one, to every georeferenced image that they reach into. A STAC item (or a collection of items) has a
    property of tags; it belongs to the image that its id or the file of one of its assets names. Images are named by
    their path from the file's folder, or by their name with or without suffix. What several lines say of one image
    adds up. Lines on images that exist but are none of the scenes are left alone, whatever their tags.

    Args:
        paths: Files, globs or folders.
        scenes: The scenes; each needs at least one tag. With a background an image may be named without tags; so may
            one that no feature reaches into.
        names: Classes of the legend in order. Case does not matter, nor do underscores and hyphens for spaces.
        field: Column, attribute or property with the tags.
        background: The class without tags, see :func:`background_of`; tags that name it are left out.
        complete: Refuse scenes without tags; else they have an empty set.

    Returns:
        Names of classes by name of the scene, an entry for every scene in their order.

    Raises:
        UsageError: The field or the background is not there, or a package for a format is not installed.
        DataError: A file cannot be read; nothing fits any scene; a line names an image that does not exist or several
            images, or for a scene a tag that is no class; or scenes have no tags though they need one.
    """
    ground = background_of(names, background)
    files = [read_tag_file(path, field) for path in expand_inputs(paths, suffixes=TAG_SUFFIXES)]
    known = {_plain(name): name for name in names}
    lookup = SceneNames(scenes)
    found: dict[str, set[str]] = {}
    strange: list[tuple[Path, TagRow]] = []
    for file in files:
        if file.crs is not None:
            placed = rows_in(scenes, file.rows, file.crs, file.path)
            # A file of another place says nothing of these images, not that they are empty.
            for name, rows in placed.items() if any(placed.values()) else ():
                found.setdefault(name, set()).update(*(_classes(row, known, file.path) for row in rows))
            continue
        for row in file.rows:
            scene = lookup.find(row, file.path)
            if scene is not None:
                found.setdefault(scene.name, set()).update(_classes(row, known, file.path))
            elif not lookup.exists(row, file.path):
                strange.append((file.path, row))
    if not any(found.values()) and not (ground and found):
        shown = f"; what is named is {_listed([row.images[-1] for _, row in strange])}" if strange else ""
        raise DataError(f"nothing is said of any of the {len(scenes)} images{shown}", path=files[0].path, remedy=_NAMES)
    if strange:
        shown = _listed([row.images[-1] for _, row in strange])
        raise DataError(
            f"{len(strange)} entries are on images that do not exist: {shown}",
            path=strange[0][0],
            remedy=f"Correct them, or leave them out. {_NAMES}",
        )
    result = {scene.name: frozenset(found.get(scene.name, set()) - {ground or ""}) for scene in scenes}
    if complete:
        _refuse_bare(result, found, files[0].path, ground)
    return result


def check_tags(
    tags: Mapping[str, frozenset[str]], names: Sequence[str], background: str | None, *, path: Path | None = None
) -> tuple[str, ...]:
    """Check that the tags of a training part tell classes apart.

    Args:
        tags: Tags by image, as :func:`read_tags` returns them.
        names: The classes that can be tags (see :func:`tagged_names`).
        background: The class that images without tags show, or None for a legend without one (see
            :func:`background_of`).
        path: Their file, for the message.

    Returns:
        Remarks: classes that every image has, classes that none has, images without tags.

    Raises:
        DataError: All images have the same tags, so that there is nothing to learn from.
    """
    counts = tag_counts(tags, names)
    if len(counts.combinations) == 1:
        said = ", ".join(counts.combinations[0][0]) or "nothing"
        raise DataError(
            f"every one of the {counts.images} images has the same tags ({said}): there is nothing to tell apart",
            path=path,
            remedy="Cut the images into smaller ones and tag each, or add images with other classes",
        )
    return counts.notes(background)


def _classes(row: TagRow, known: Mapping[str, str], path: Path) -> set[str]:
    return {_class(tag, known, path, row.where) for tag in row.tags}


def _class(tag: str, known: Mapping[str, str], path: Path, where: str) -> str:
    if name := known.get(_plain(tag)):
        return name
    near = get_close_matches(_plain(tag), known, n=1)
    hint = f"Did you mean {known[near[0]]}?" if near else f"The classes are {', '.join(known.values())}"
    raise DataError(f"{where} has the tag {tag!r}, which is no class of the legend", path=path, remedy=hint)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _refuse_bare(
    result: Mapping[str, frozenset[str]], found: Mapping[str, set[str]], path: Path, ground: str | None
) -> None:
    """Refuse images without tags, but for those that are named and may be background alone.

    Raises:
        DataError: There are any.
    """
    bare = [name for name, tags in result.items() if not tags and (ground is None or name not in found)]
    if bare:
        unnamed = all(name not in found for name in bare)
        raise DataError(
            f"{len(bare)} of {len(result)} images have no tag: {_listed(bare)}",
            path=path,
            remedy=f"Add {'a line for each' if unnamed else 'their tags'}, or leave the images out"
            + (f"; one with nothing but {ground} gets a line without tags" if ground is not None else ""),
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
