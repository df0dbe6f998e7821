"""Make the segments of many images: cached by content and settings, resumable, in parallel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from landwright.errors import UsageError
from landwright.prepare.segments.cache import kept_segments
from landwright.prepare.segments.files import read_picture, write_map
from landwright.prepare.segments.folder import locked, open_record
from landwright.prepare.segments.identity import image_hash
from landwright.prepare.segments.params import FelzenszwalbParams, Params, SamParams, SlicParams, read_params
from landwright.prepare.segments.pieces import Pieces, Segmenter
from landwright.prepare.segments.record import Entry, Record, are_there, files_of
from landwright.prepare.segments.result import SegmentsResult
from landwright.rasters.gdal import without_georeference_warning

_SAVE_EVERY: Final = 5.0
"""Seconds between two writings of the record: what a killed run loses."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Task:
    source: Path
    name: str
    sha256: str


def make_segments(
    images: Iterable[str | PathLike[str]],
    out: str | PathLike[str] | None,
    provider: str = "felzenszwalb",
    params: Mapping[str, Any] | None = None,
    *,
    jobs: int | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> SegmentsResult:
    """Find objects and boundaries in images, for losses that follow them.

    Written are, for each image, ``NAME_objects.png`` (uint16, 1 for the largest object, 0 for none) and
    ``NAME_boundary.png`` (0 or 255), and ``segments.json``. An image is known by its content, wherever it lies: what is
    there is kept, what was changed is made again, and a run that was interrupted continues. `SegmentFolder` reads them.

    Args:
        images: Image files of any type that GDAL reads, up to 4096 x 4096 pixels.
        out: Folder to write; None for the folder that `kept_segments` names.
        provider: ``felzenszwalb``, ``slic``, or ``sam``.
        params: Settings of the provider that differ from its defaults, see `read_params`.
        jobs: Images at a time; by default one per core, and for SAM, whose model uses all cores, always one.
        device: Where SAM runs: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Called with the numbers of finished and of all images.

    Returns:
        What was made.

    Raises:
        UsageError: If there is no such provider, a setting is out of its range, or a package is missing.
        DataError: If an image is missing, damaged or too large; if the folder holds segments of other settings or
            something else; if the weights are not those of a SAM; or if a file cannot be written.
    """
    started = time.perf_counter()
    chosen, build = _prepare(provider, params, device)
    if jobs is not None and (jobs < 1 or (jobs > 1 and provider == "sam")):
        raise UsageError(f"{provider} cannot take {jobs} images at a time", remedy="Leave jobs out")
    sources = list(dict.fromkeys(map(Path, images)))
    folder = kept_segments(provider, chosen.record()) if out is None else Path(out)
    hashes = {source: image_hash(source) for source in sources}
    open_record(folder, provider, chosen)
    with locked(folder):
        record = open_record(folder, provider, chosen)
        tasks = _tasks(sources, hashes, record, folder)
        made = _make_all(tasks, folder, record, build, chosen, jobs, len(sources), progress)
        entries = [record.images[name] for name in _named(sources, hashes, record)]
    return SegmentsResult(
        path=folder,
        provider=provider,
        params=chosen.record(),
        images=len(sources),
        kept=len(sources) - made,
        objects=float(np.mean([entry.objects for entry in entries])) if entries else 0.0,
        boundary=float(np.mean([entry.boundary for entry in entries])) if entries else 0.0,
        seconds=time.perf_counter() - started,
    )


def complete_params(provider: str, params: Mapping[str, Any] | None = None, *, device: str = "auto") -> dict[str, Any]:
    """Return all settings with which `make_segments` would make segments: those that a folder of them records.

    Raises:
        UsageError: As `make_segments`.
        DataError: If SAM's weights cannot be found or are those of something else.
    """
    return _prepare(provider, params, device)[0].record()


def _prepare(
    provider: str, params: Mapping[str, Any] | None, device: str
) -> tuple[Params, Callable[[], Segmenter] | None]:
    """Return complete settings and, for SAM, what loads it; other segmenters are made where they are needed."""
    chosen = read_params(provider, params)
    if not isinstance(chosen, SamParams):
        return chosen, None
    from landwright.prepare.segments.sam import prepare_sam  # brings torch

    return prepare_sam(chosen, device)


def _tasks(sources: Sequence[Path], hashes: Mapping[Path, str], record: Record, folder: Path) -> list[_Task]:
    """List the images without segments, each content once, and name their files."""
    there = {sha for sha, name in record.by_content().items() if are_there(folder, name)}
    taken = {name: entry.source for name, entry in record.images.items()}
    tasks: list[_Task] = []
    for source in sources:
        sha = hashes[source]
        if sha in there:
            continue
        there.add(sha)
        place = str(source.resolve())
        # Images of other folders may have the same name; one that was changed takes the place of what it was.
        name = source.stem if taken.get(source.stem, place) == place else f"{source.stem}-{sha[:8]}"
        taken[name] = place
        tasks.append(_Task(source, name, sha))
    return tasks


def _named(sources: Sequence[Path], hashes: Mapping[Path, str], record: Record) -> list[str]:
    names = record.by_content()
    return [names[hashes[source]] for source in sources]


def _make_all(
    tasks: Sequence[_Task],
    folder: Path,
    record: Record,
    build: Callable[[], Segmenter] | None,
    params: Params,
    jobs: int | None,
    total: int,
    progress: Progress | None,
) -> int:
    """Make what is missing and note it; return how many were made."""
    done = total - len(tasks)
    saved = time.perf_counter()
    if progress:
        progress(done, total)
    try:
        for task, entry in _entries(tasks, folder, build, params, jobs):
            record.images[task.name] = entry
            done += 1
            if progress:
                progress(done, total)
            if time.perf_counter() - saved > _SAVE_EVERY:
                record.save(folder)
                saved = time.perf_counter()
    finally:
        if record.images:
            record.save(folder)
    return len(tasks)


def _entries(
    tasks: Sequence[_Task],
    folder: Path,
    build: Callable[[], Segmenter] | None,
    params: Params,
    jobs: int | None,
) -> Iterator[tuple[_Task, Entry]]:
    if not tasks:
        return
    workers = 1 if build else min(jobs or os.cpu_count() or 1, len(tasks))
    if workers == 1:
        segmenter = build() if build else _pieces(params)
        for task in tasks:
            yield task, _make_one(task, folder, segmenter, params)
        return
    # Both libraries let other threads run while they work. The warning is held back once for all: a thread would put
    # back what another has changed.
    with without_georeference_warning(), ThreadPoolExecutor(workers) as pool:
        segmenter = _pieces(params)
        futures = {pool.submit(_make_one, task, folder, segmenter, params): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _pieces(params: Params) -> Segmenter:
    if not isinstance(params, FelzenszwalbParams | SlicParams):
        raise TypeError(type(params).__name__)
    return Pieces(params)


def _make_one(task: _Task, folder: Path, segmenter: Segmenter, params: Params) -> Entry:
    picture, valid = read_picture(task.source, params.bands, params.value_scale)
    objects, boundary = segmenter(picture, valid)
    places = files_of(folder, task.name)
    write_map(places[0], objects)
    write_map(places[1], boundary.astype(np.uint8) * np.uint8(255))
    height, width = boundary.shape
    return Entry(
        str(task.source.resolve()), task.sha256, height, width, int(objects.max()), round(float(boundary.mean()), 6)
    )
