"""Cut a set into patches."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from landwright.data.scene import PARTS, Part
from landwright.data.tag_counts import TagCounts, tag_counts
from landwright.data.tags import tagged_names
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.prepare.claim import check_folder, mark_folder
from landwright.prepare.patches.divide import Split, divide, shortfall
from landwright.prepare.patches.files import (
    is_there,
    patch_mark,
    read_tile,
    stored_tags,
    write_pairs,
    write_patch,
)
from landwright.prepare.patches.plan import Patch, find_images, place_patches
from landwright.prepare.patches.sets import patch_set

_SHOWN = 5


@dataclass(frozen=True)
class PatchesResult:
    """A set in patches.

    Attributes:
        set: Its name.
        path: Its folder.
        pairs: The list of its patches.
        parts: Number of patches by part.
        kept: Patches that were there already.
        background: The class that no tag names, or None.
        counts: How often tags occur, and together.
        notes: Plain remarks on what a user may not expect.
        seconds: Time that it took.
    """

    set: str
    path: Path
    pairs: Path
    parts: dict[Part, int]
    kept: int
    background: str | None
    counts: TagCounts
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **vars(self),
            "path": str(self.path),
            "pairs": str(self.pairs),
            "counts": self.counts.to_dict(),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def prepare_patches(
    name: str,
    root: str | PathLike[str],
    out: str | PathLike[str],
    *,
    split: Split = "clean",
    progress: Callable[[int, int], None] | None = None,
) -> PatchesResult:
    """Cut a published set as CTFA or ATSG do, with the tags that the masks of the patches give (any pixel counts).

    Written are ``images`` and ``masks`` (PNG, codes of the set's legend, 255 where ignored) and ``pairs.csv`` with the
    columns image, label, tags, split and group (the image that a patch is from). Patches that are there are kept, so
    that an interrupted run continues; another split only writes the list again.

    Args:
        name: Name of the set, see `list_patch_sets`.
        root: Folder with the publisher's files, unpacked.
        out: Folder to write.
        split: "paper": parts as published; "clean": the same patches and test part, but whole images for validation.
        progress: Called with the numbers of finished and of all patches.

    Returns:
        What was written.

    Raises:
        UsageError: If there is no such set or split.
        DataError: If files are missing, damaged, or not what the publisher hands out; if the folder holds something
            else; or if a file cannot be written.
    """
    started = time.perf_counter()
    chosen, folder = patch_set(name), Path(out)
    if split not in get_args(Split):
        raise UsageError(f"there is no split {split!r}", remedy=f"Choose {' or '.join(get_args(Split))}")
    legend = load_legend(chosen.legend)
    parts = divide(chosen, place_patches(chosen, find_images(chosen, Path(root))), split)
    notes = [*chosen.notes, *shortfall(chosen, parts)]
    check_folder(folder, patch_mark(chosen))
    tags: dict[Patch, frozenset[str]] = {}
    dropped: list[str] = []
    done = kept = 0
    for tile, group in groupby(sorted(parts, key=lambda patch: str(patch.tile.image)), lambda patch: patch.tile):
        patches = list(group)
        there = [patch for patch in patches if is_there(folder, patch)]
        tags |= {patch: stored_tags(folder, patch, legend) for patch in there}
        if len(there) < len(patches):
            read = read_tile(chosen, legend, tile)
            notes += read.notes
            if chosen.whole and read.unlabelled:
                dropped.append(tile.id)
            else:
                mark_folder(folder, patch_mark(chosen))
                tags |= {patch: write_patch(folder, patch, read, legend) for patch in patches if patch not in tags}
        done, kept = done + len(patches), kept + len(there)
        if progress:
            progress(done, len(parts))
    if dropped:
        more = f" and {len(dropped) - _SHOWN} more" if len(dropped) > _SHOWN else ""
        notes.append(
            f"{len(dropped)} images have unlabelled pixels and are left out, as published: "
            f"{', '.join(dropped[:_SHOWN])}{more}"
        )
    if not tags:
        raise DataError(
            "every image has unlabelled pixels, so that no patch is left",
            path=root,
            remedy=f"Use the published files: {chosen.obtain} ({chosen.url})",
        )
    names = tagged_names(legend.names, chosen.background)
    rows = [(patch, tags[patch], part) for patch, part in parts.items() if patch in tags]
    pairs = write_pairs(folder, rows, names)
    counts = tag_counts({patch.name: said & set(names) for patch, said, _ in rows}, names)
    found = Counter(part for _, _, part in rows)
    return PatchesResult(
        name,
        folder,
        pairs,
        {part: found[part] for part in PARTS if part in found},
        kept,
        chosen.background,
        counts,
        (*notes, *counts.notes(chosen.background)),
        time.perf_counter() - started,
    )
