"""Which files of a publisher's folder belong to a benchmark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from landwright.data import templates
from landwright.data.benchmarks import Benchmark
from landwright.errors import DataError

_SHOWN = 5

Found = list[tuple[Path, dict[str, str]]]
"""Files with the fields of their names."""


@dataclass(frozen=True)
class Source:
    """An image with its label, as published.

    Attributes:
        image: The image.
        label: Its label.
        fields: What the image's name tells.
    """

    image: Path
    label: Path
    fields: dict[str, str]


def find_sources(benchmark: Benchmark, folder: Path) -> tuple[list[Source], list[str]]:
    """Find the images of a benchmark's part with their labels.

    Args:
        benchmark: The set.
        folder: The publisher's folder, or one that holds it.

    Returns:
        The sources in order of their paths, and remarks on what of the part is not there.

    Raises:
        DataError: If there is no image of the part, a list is missing, or an image has no label.
    """
    raw = benchmark.raw
    if not folder.is_dir():
        raise DataError("there is no such folder", path=folder, remedy="Name the folder with the publisher's files")
    base, images = _images(benchmark, folder)
    if not images:
        raise DataError(
            f"holds no image of {benchmark.title}: expected is {' or '.join(raw.images)}",
            path=folder,
            remedy=_how_to_get(benchmark),
        )
    wanted, notes = _of_the_part(benchmark, base, images)
    if not wanted:
        raise DataError(
            f"holds images, but none of the part that is scored ({benchmark.title})",
            path=base,
            remedy=_how_to_get(benchmark),
        )
    labels = [_first(templates.places(base, raw.labels, fields)) for _, fields in wanted]
    if bare := [image.name for (image, _), label in zip(wanted, labels, strict=True) if label is None]:
        raise DataError(
            f"{len(bare)} of {len(wanted)} images have no label: {_shown(bare)}; expected is {' or '.join(raw.labels)}",
            path=base,
            remedy=_how_to_get(benchmark),
        )
    sources = [
        Source(image, label, fields) for (image, fields), label in zip(wanted, labels, strict=True) if label is not None
    ]
    return sources, notes


def _images(benchmark: Benchmark, folder: Path) -> tuple[Path, Found]:
    """The folder where the publisher's files lie, and the images with their fields."""
    for below in benchmark.raw.folders:
        for template in benchmark.raw.images:
            if found := templates.find(folder / below, template):
                return folder / below, found
    return folder, []


def _of_the_part(benchmark: Benchmark, base: Path, images: Found) -> tuple[Found, list[str]]:
    """Keep the images that are scored; say which are not there."""
    raw = benchmark.raw
    notes: list[str] = []
    for field, values in raw.where.items():
        images = [(path, fields) for path, fields in images if fields[field] in values]
        there = {fields[field] for _, fields in images}
        if missing := [value for value in values if value not in there]:
            notes.append(f"{len(missing)} of {len(values)} scenes are not there: {_shown(missing)}")
    listed = set(benchmark.only)
    if raw.listed:
        listed = _read_list(base / raw.listed, benchmark)
    if listed:
        images = [(path, fields) for path, fields in images if path.stem in listed]
        missing = sorted(listed - {path.stem for path, _ in images})
        if missing:
            notes.append(f"{len(missing)} of {len(listed)} listed images are not there: {_shown(missing)}")
    return images, notes


def _read_list(path: Path, benchmark: Benchmark) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the list of the images that are scored cannot be read", path=path, remedy=_how_to_get(benchmark)
        ) from error
    if not lines:
        raise DataError("the list of the images that are scored is empty", path=path, remedy=_how_to_get(benchmark))
    return {Path(line).stem for line in lines}


def _how_to_get(benchmark: Benchmark) -> str:
    raw = benchmark.raw
    return f"Needed: {' and '.join(raw.files)}. {raw.obtain} ({benchmark.url})"


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
