"""From a map to polygons, and with heights to buildings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from landwright.errors import DataError, UsageError
from landwright.maps.attributes import CONFIDENCE, Columns, Sources, Tally, confidence_beside
from landwright.maps.cityjson import Block, city_json, reference_system
from landwright.maps.footprints import Footprints, OutlineOptions, footprints, gather
from landwright.maps.mosaic import one_raster, run_remarks
from landwright.maps.outlines import BLOCK, Progress
from landwright.maps.spool import Spool
from landwright.maps.vector_files import (
    Batch,
    explained,
    refuse_existing,
    table_engine,
    table_output,
    vector_format,
    write_batches,
    write_json,
)
from landwright.maps.vector_options import VectorOptions, VectorResult, Wanted, wanted_classes
from landwright.rasters import RasterInfo, open_raster

_BATCH = 10_000
"""Polygons that are written at a time."""


def vectorize_map(
    path: str | PathLike[str],
    out: str | PathLike[str],
    *,
    height: str | PathLike[str] | None = None,
    ground: str | PathLike[str] | None = None,
    options: VectorOptions | None = None,
    progress: Progress | None = None,
) -> VectorResult:
    """Write the polygons of a map; of one class with heights, as buildings with base, roof and volume.

    A map of any size is read block by block. Its polygons are joined across the blocks, go to disk when they are whole,
    and are the same, in the same order, whatever the blocks are and in however many files the map lies.

    Args:
        path: Map of class codes: a file, a run directory, or a folder, glob or ``.txt`` list of its blocks. Where it
            does not say which classes it holds, they are given by their codes.
        out: File to write: ``.gpkg``, ``.parquet``, ``.fgb`` or, with heights, ``.city.json`` (CityJSON, LoD1; it is
            made in memory).
        height: Heights above ground in metres, on any grid; of a run directory, those that its blocks hold.
        ground: Elevations of the terrain in metres, on any grid: the buildings' bases; without it they stand on 0.
        options: Which classes, and how.
        progress: Called with the pixels read and their number.

    Raises:
        UsageError: The class, the file's name or the options do not fit, or a package is not installed.
        DataError: A raster is missing or damaged, they do not lie on one another, the map's reference system does not
            fit, or the file cannot be written.
    """
    started = time.perf_counter()
    options = options or VectorOptions()
    target, kind = Path(out), vector_format(out)
    _refuse_contradiction(target, kind == "cityjson", height, ground, options)
    confidence = _confidence(options, path) if kind != "cityjson" else None
    given = (height, ground, confidence)
    refuse_existing(target, [file for file in (path, *given) if file is not None], overwrite=options.overwrite)
    with ExitStack() as stack:
        name = stack.enter_context(one_raster(path))
        tall, low, sure = (
            None if file is None else stack.enter_context(one_raster(file, product))
            for file, product in zip(given, ("height", "height", CONFIDENCE), strict=True)
        )
        raster = stack.enter_context(open_raster(name))
        wanted = wanted_classes(options, name)
        sources = Sources(tall, low, sure, options.percentile, buildings=not options.several)
        # What would fail at the end is refused before a large map is read.
        if kind == "cityjson":
            reference_system(raster.info)
        else:
            table_engine(target)
        _refuse_degrees(raster.info, options)
        sources.check(raster.info)
        how = OutlineOptions(wanted.codes, options.min_area, options.simplify, options.regularize)
        parts = footprints(raster, how, block=BLOCK, progress=progress)
        done = _Done(sources, wanted, notes=dict.fromkeys(run_remarks(path)))
        if kind == "cityjson":
            title = f"{Path(path).name}: {', '.join(wanted.names.values()) or options.categories[0]}"
            written = done.write_blocks(target, gather(parts, raster.info), title)
        else:
            written = done.write_table(target, parts, raster.info)
    tally, measured = done.tally, sources.height is not None and sources.buildings
    return VectorResult(
        path=target,
        category=_category(wanted, tally),
        code=wanted.codes[0] if wanted.codes and len(wanted.codes) == 1 else None,
        polygons=tally.polygons,
        written=written,
        small=done.small,
        area=tally.area,
        volume=tally.volume if measured else None,
        unknown=tally.unknown if measured else None,
        baseless=tally.baseless if measured and ground is not None else None,
        flat=tally.flat if measured else None,
        notes=tuple(done.notes),
        seconds=time.perf_counter() - started,
        classes=tally.counts,
        regular=done.right if options.regularize else None,
        confidence=None if confidence is None else Path(confidence),
    )


def _refuse_contradiction(target: Path, solid: bool, height: Any, ground: Any, options: VectorOptions) -> None:
    if height is None and (ground is not None or solid):
        need = "a terrain model" if ground is not None else "CityJSON"
        raise UsageError(f"{need} is of no use without heights", path=target, remedy="Give --height as well")
    if options.several and (ground is not None or solid):
        need = "a terrain model" if ground is not None else "CityJSON"
        raise UsageError(f"{need} is for the buildings of one class", path=target, remedy="Choose it with --class")


def _refuse_degrees(info: RasterInfo, options: VectorOptions) -> None:
    if options.regularize and info.crs is not None and info.crs.is_geographic:
        raise DataError(
            "is in degrees, in which right angles are not right on the ground",
            path=info.path,
            remedy="Reproject it first, for example with `gdalwarp -t_srs EPSG:32633`",
        )


def _confidence(options: VectorOptions, path: str | PathLike[str]) -> str | PathLike[str] | None:
    if isinstance(options.confidence, bool):
        return confidence_beside(path) if options.confidence else None
    return options.confidence


def _category(wanted: Wanted, tally: Tally) -> str:
    if wanted.codes is None:
        return ", ".join(tally.counts)
    return ", ".join(wanted.names.get(code, str(code)) for code in wanted.codes)


@dataclass
class _Done:
    """What has become of the polygons so far."""

    sources: Sources
    wanted: Wanted
    tally: Tally = field(default_factory=Tally)
    notes: dict[str, None] = field(default_factory=dict)
    small: int = 0
    right: int = 0

    def measured(self, found: Footprints) -> Columns:
        """Return the attributes of polygons and count what is to be counted."""
        columns, notes = self.sources.measure(found, self.wanted.names)
        self.notes |= dict.fromkeys(notes)
        if found.right is not None:
            columns["right_angled"] = found.right
            self.right += int(found.right.sum())
        return columns

    def write_table(self, target: Path, parts: Iterable[Footprints], info: RasterInfo) -> int:
        """Keep polygons on disk until all are there, then write them in their order."""
        with table_output(target) as temporary, ExitStack() as stack:
            kept = temporary.with_name(f"{temporary.stem}.found")
            stack.callback(kept.unlink, missing_ok=True)
            spool = stack.enter_context(Spool(kept))
            for found in parts:
                self.small += found.small
                if len(found.shapes) or not spool.kinds:
                    columns = self.measured(found)
                    with explained(target):
                        spool.add(found.bounds, found.shapes, columns)
            write_batches(temporary, target, self._numbered(spool), info.crs, box=spool.box.tolist())
        return self.tally.polygons

    def _numbered(self, spool: Spool) -> Iterator[Batch]:
        for shapes, columns in spool.batches(_BATCH):
            first = self.tally.polygons + 1
            self.tally.add(columns)
            yield shapes, {"id": np.arange(first, first + len(shapes)), **columns}

    def write_blocks(self, target: Path, found: Footprints, title: str) -> int:
        """Write the polygons whose base and roof are known, the roof above the base, as CityJSON."""
        columns = self.measured(found)
        self.small = found.small
        self.tally.add(columns)
        blocks = _blocks(found, columns)
        write_json(target, city_json(blocks, found.info, title=title))
        return len(blocks)


_LEFT_OUT = ("class", "code", "max_m", "right_angled")
"""Attributes that are not numbers of a building's block."""


def _blocks(found: Footprints, columns: Columns) -> list[Block]:
    whole = np.isfinite(columns["roof_m"]) & (columns["height_m"] > 0)
    numbers = {name: values for name, values in columns.items() if name not in _LEFT_OUT}
    return [
        Block(
            name=f"building-{place + 1}",
            polygon=found.shapes[place],
            base=float(columns["base_m"][place]),
            roof=float(columns["roof_m"][place]),
            attributes={
                "id": int(place) + 1,
                "class": str(columns["class"][place]),
                **{name: round(float(values[place]), 3) for name, values in numbers.items()},
            },
        )
        for place in np.flatnonzero(whole)
    ]
