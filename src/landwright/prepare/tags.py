"""Tags of images from masks that are at hand: a way to learn what tags are worth, and to score against the masks."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from landwright.data.mask_tags import mask_tags
from landwright.data.pairing import pair, unique_names
from landwright.data.tag_counts import TagCounts, tag_counts
from landwright.data.tags import background_of, tagged_names
from landwright.errors import UsageError
from landwright.legends import Legend
from landwright.rasters import (
    RASTER_SUFFIXES,
    VECTOR_SUFFIXES,
    atomic_output,
    expand_inputs,
    open_labels,
    open_raster,
)

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


@dataclass(frozen=True)
class TagsResult:
    """A file of tags made of masks.

    Attributes:
        path: The file.
        counts: How often tags occur, and together.
        notes: Plain remarks on what a user may not expect.
        seconds: Time that it took.
    """

    path: Path
    counts: TagCounts
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "path": str(self.path),
            **self.counts.to_dict(),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def prepare_tags(
    masks: Paths,
    out: str | PathLike[str],
    *,
    legend: Legend,
    images: Paths | None = None,
    min_pixels: int = 1,
    min_share: float = 0.0,
    background: str | None = "auto",
    field: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TagsResult:
    """Write which classes the mask of each image holds, as CSV with the columns ``image`` and ``tags``.

    Images are named by their path from the file's folder. An image without any class has an empty cell.

    Args:
        masks: Masks of codes or colours, or polygons.
        out: The CSV file.
        legend: Their classes.
        images: The images, matched to the masks by name; needed for polygons. Without them the masks' own names are
            written.
        min_pixels: Pixels that a class needs to be a tag, at least 1.
        min_share: Share of the image's pixels that it needs too, 0..1.
        background: Class that is never a tag: name of the first class, "none", or "auto" for a first class that is
            called background.
        field: Attribute of polygons that holds the class.
        progress: Called with the numbers of finished and of all images.

    Returns:
        What was written.

    Raises:
        UsageError: A limit is out of range, there is no such background, or polygons lack images or a class.
        DataError: A file cannot be read or written, images and masks do not match, or a mask holds something that the
            legend does not have.
    """
    started = time.perf_counter()
    if min_pixels < 1 or not 0 <= min_share <= 1:
        raise UsageError(
            f"a tag cannot ask for {min_pixels} pixels and a share of {min_share:g}",
            remedy="Give at least 1 pixel and a share of 0 to 1",
        )
    ground, target = background_of(legend.names, background), Path(out)
    labels = expand_inputs(masks, suffixes=(*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
    if images is None and (vector := next((path for path in labels if path.suffix.lower() in VECTOR_SUFFIXES), None)):
        raise UsageError("holds polygons, which have no grid of their own", path=vector, remedy="Add --images")
    pairs = pair(expand_inputs(images), labels) if images is not None else [(label, label) for label in labels]
    names = unique_names([image for image, _ in pairs])
    tags: dict[str, frozenset[str]] = {}
    for name, (image, label) in zip(names, pairs, strict=True):
        with open_raster(image) as raster:
            info = raster.info
        with open_labels(label, legend, info, field=field) as reader:
            found = mask_tags(reader, min_pixels=min_pixels, min_share=min_share)
        tags[name] = found - {ground or ""}
        if progress:
            progress(len(tags), len(pairs))
    with atomic_output(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("image", "tags"))
        for name, (image, _) in zip(names, pairs, strict=True):
            place = (
                name if images is None else Path(os.path.relpath(image.resolve(), target.resolve().parent)).as_posix()
            )
            writer.writerow((place, ";".join(entry for entry in legend.names if entry in tags[name])))
    counts = tag_counts(tags, tagged_names(legend.names, background))
    return TagsResult(target, counts, counts.notes(ground), time.perf_counter() - started)
