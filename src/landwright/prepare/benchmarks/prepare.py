"""Prepare a benchmark set."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.data import templates
from landwright.data.benchmarks import Benchmark, Picture, benchmark, read_picture
from landwright.errors import DataError
from landwright.prepare.benchmarks.files import benchmark_mark, copy_file, write_pixels
from landwright.prepare.benchmarks.labels import label_values
from landwright.prepare.benchmarks.sources import Source, find_sources
from landwright.prepare.benchmarks.windows import crop_windows
from landwright.prepare.claim import check_folder, mark_folder
from landwright.rasters import Window, open_raster

_SHOWN = 5


@dataclass(frozen=True)
class PreparedBenchmark:
    """A benchmark set on disk.

    Attributes:
        benchmark: Its name.
        path: Its folder.
        pairs: Images with labels in it.
        kept: Those of them that were there already.
        expected: Their number in the complete set, where published.
        notes: Plain remarks on what a user may not expect.
        seconds: Time that it took.
    """

    benchmark: str
    path: Path
    pairs: int
    kept: int
    expected: int | None
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


@dataclass(frozen=True)
class _Pair:
    """A pair to write: a crop of a source, or all of it."""

    image: Path
    label: Path
    window: Window | None

    @property
    def is_there(self) -> bool:
        """Whether it is complete: the image comes last."""
        return self.image.is_file() and self.label.is_file()


def prepare_benchmark(
    name: str,
    source: str | PathLike[str],
    root: str | PathLike[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> PreparedBenchmark:
    """Bring what a publisher hands out into the folders that the published evaluations expect.

    Pixels of images are as published: crops are PNG, whole images are copied byte for byte. Labels are one band of
    class values and never have a palette. Pairs that are there are kept, so that an interrupted run continues.

    Args:
        name: Name of the set, see `list_benchmarks`.
        source: Folder with the publisher's files, unpacked.
        root: Folder below which the set's own folder is made.
        progress: Called with the numbers of finished and of all pairs.

    Returns:
        What was written.

    Raises:
        UsageError: If there is no such set.
        DataError: If files are missing, damaged, or not what the publisher hands out; if the set's folder holds
            something else; or if a file cannot be written.
    """
    started = time.perf_counter()
    chosen = benchmark(name)
    folder = Path(root) / chosen.folders[0]
    sources, notes = find_sources(chosen, Path(source))
    todo = [(found, _pairs_of(chosen, folder, found)) for found in sources]
    _refuse_repeats(chosen, [pair for _, pairs in todo for pair in pairs], Path(source))
    check_folder(
        folder,
        benchmark_mark(chosen),
        remedy="Choose another folder for --output; whether this is a set that is prepared already, "
        f"`landwright data check {chosen.name} --root ROOT` tells",
    )
    done, total, kept = 0, sum(len(pairs) for _, pairs in todo), 0
    grey: list[str] = []
    for found, pairs in todo:
        missing = [pair for pair in pairs if not pair.is_there]
        kept += len(pairs) - len(missing)
        done += len(pairs) - len(missing)
        if progress:
            progress(done, total)
        if not missing:
            continue
        picture, label = _read(chosen, found)
        values, remarks = label_values(chosen, label)
        notes += remarks
        # Labels are copied where nothing is to be changed.
        as_shipped = chosen.raw.holds == "values" and label.palette is None
        if picture.is_grey:
            grey.append(found.image.name)
        image = np.moveaxis(picture.colours(), 0, -1)
        mark_folder(folder, benchmark_mark(chosen))
        for pair in missing:
            if pair.window is not None:
                _write_crop(pair, pair.window, image, values, chosen.ignored_value)
            else:
                _copy(pair, found, None if as_shipped else values)
            done += 1
            if progress:
                progress(done, total)
    if grey and chosen.grey == "note":
        more = f" and {len(grey) - _SHOWN} more" if len(grey) > _SHOWN else ""
        notes.append(f"{len(grey)} images have no colour: {', '.join(grey[:_SHOWN])}{more}")
    if chosen.expected is not None and total != chosen.expected:
        notes.append(f"there are {total} pairs, {chosen.expected} are published: scores are not comparable")
    notes += [chosen.note] if chosen.note else []
    return PreparedBenchmark(name, folder, total, kept, chosen.expected, tuple(notes), time.perf_counter() - started)


def _pairs_of(chosen: Benchmark, folder: Path, source: Source) -> list[_Pair]:
    crop = chosen.raw.crop
    if crop is None:
        return [_named(chosen, folder, source, None)]
    with open_raster(source.image) as raster:
        height, width = raster.shape
    if (height < crop.height or width < crop.width) and not crop.pad:
        raise DataError(
            f"has {width} x {height} pixels, less than a crop of {crop.width} x {crop.height}",
            path=source.image,
            remedy=f"Use the published images: {chosen.raw.obtain} ({chosen.url})",
        )
    return [_named(chosen, folder, source, window) for window in crop_windows((height, width), crop)]


def _named(chosen: Benchmark, folder: Path, source: Source, window: Window | None) -> _Pair:
    corners = (
        {}
        if window is None
        else {
            "x0": str(window.col),
            "y0": str(window.row),
            "x1": str(window.col + window.width),
            "y1": str(window.row + window.height),
        }
    )
    values = {"name": templates.fill(chosen.raw.name, source.fields | corners)}
    # Images that are copied keep their format, of those that the set knows.
    of_kind = [name for name in chosen.images if Path(name).suffix == source.image.suffix]
    image = chosen.images[0] if window is not None or not of_kind else of_kind[0]
    return _Pair(folder / templates.fill(image, values), folder / templates.fill(chosen.labels[0], values), window)


def _refuse_repeats(chosen: Benchmark, pairs: list[_Pair], source: Path) -> None:
    if twice := [path.name for path, count in Counter(pair.image for pair in pairs).items() if count > 1]:
        raise DataError(
            f"{len(twice)} names are there twice, such as {twice[0]}",
            path=source,
            remedy=f"Name a folder with one copy of the set: {chosen.raw.obtain}",
        )


def _read(chosen: Benchmark, source: Source) -> tuple[Picture, Picture]:
    """Read image and label whole, and refuse what is not the published pair."""
    picture, label = read_picture(source.image), read_picture(source.label)
    picture.rgb(grey=chosen.grey == "usual")
    if picture.is_grey and chosen.grey == "refuse":
        raise DataError(
            "is grey: its three bands are equal",
            path=source.image,
            remedy=f"Use the published colour images: {chosen.raw.obtain} ({chosen.url})",
        )
    if label.shape != picture.shape:
        raise DataError(
            f"has {label.shape[1]} x {label.shape[0]} pixels, its image {source.image.name} has {picture.shape[1]} x "
            f"{picture.shape[0]}",
            path=source.label,
            remedy="Use the label that was published with the image",
        )
    return picture, label


def _write_crop(pair: _Pair, window: Window, image: NDArray[np.uint8], values: NDArray[np.uint8], ignored: int) -> None:
    write_pixels(pair.label, _cut(values, window, ignored))
    write_pixels(pair.image, _cut(image, window, 0))


def _copy(pair: _Pair, source: Source, values: NDArray[np.uint8] | None) -> None:
    """Copy a pair, but write the label's values where any are given."""
    if values is None:
        copy_file(source.label, pair.label)
    else:
        write_pixels(pair.label, values)
    copy_file(source.image, pair.image)


def _cut(pixels: NDArray[np.uint8], window: Window, fill: int) -> NDArray[np.uint8]:
    """Pixels of a window, filled up where it reaches beyond them."""
    part = pixels[window.row : window.row + window.height, window.col : window.col + window.width]
    room = [(0, window.height - part.shape[0]), (0, window.width - part.shape[1]), (0, 0)]
    return np.pad(part, room[: part.ndim], constant_values=fill)
