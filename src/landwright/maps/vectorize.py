"""From a map to polygons, and with heights to buildings."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError
from landwright.maps.building_heights import BuildingHeights, Terrain, building_heights
from landwright.maps.cityjson import Block, city_json, reference_system
from landwright.maps.footprints import Footprints, Progress, find_footprints
from landwright.maps.map_legend import map_legend
from landwright.maps.vector_files import refuse_existing, table_engine, vector_format, write_json, write_table
from landwright.maps.zonal import exactextract
from landwright.rasters import open_heights, open_raster

_DEFAULT = "building"


@dataclass(frozen=True)
class VectorOptions:
    """How a map becomes polygons.

    Attributes:
        category: Name or code of the class; None for the class named building.
        min_area: Smallest polygon kept, in square metres.
        simplify: How far an outline may move, in metres: 0 keeps the steps of the pixels, None is 1.25 pixels.
        percentile: Percentile of the heights inside a footprint that is its roof, above 0 and at most 100.
        overwrite: Replace a file that is there.

    Raises:
        UsageError: A value is out of range.
    """

    category: str | int | None = None
    min_area: float = 10.0
    simplify: float | None = None
    percentile: float = 90.0
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(f"the smallest area is {self.min_area:g}", remedy="Give square metres, 0 or more")
        if self.simplify is not None and not (math.isfinite(self.simplify) and self.simplify >= 0):
            raise UsageError(f"outlines cannot move by {self.simplify:g} m", remedy="Give metres, 0 or more")
        if not 0 < self.percentile <= 100:
            raise UsageError(f"there is no percentile {self.percentile:g}", remedy="Give one above 0 and up to 100")


@dataclass(frozen=True)
class VectorResult:
    """What was written.

    Attributes:
        path: The file.
        category: Name of the class.
        code: Its code in the map.
        polygons: Polygons found, of the smallest area or larger.
        written: Polygons in the file; fewer in CityJSON, which holds only those with a height.
        small: Polygons left out because they are smaller.
        area: Square metres of all polygons found.
        volume: Cubic metres of those with a known height; None without heights.
        unknown: Footprints without a known height; None without heights.
        baseless: Footprints without a known base; None without a terrain model.
        flat: Footprints whose roof is not above their base; None without heights.
        notes: Plain remarks on the rasters.
        seconds: Time taken.
    """

    path: Path
    category: str
    code: int
    polygons: int
    written: int
    small: int
    area: float
    volume: float | None
    unknown: int | None
    baseless: int | None
    flat: int | None
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        return {**self.__dict__, "path": str(self.path), "notes": list(self.notes)}


def vectorize_map(
    path: str | PathLike[str],
    out: str | PathLike[str],
    *,
    height: str | PathLike[str] | None = None,
    ground: str | PathLike[str] | None = None,
    options: VectorOptions | None = None,
    progress: Progress | None = None,
) -> VectorResult:
    """Write the polygons of one class of a map; with heights, as buildings with base, roof and volume.

    Args:
        path: Map of class codes. Where it does not say which classes it holds, the class is given by its code.
        out: File to write: ``.gpkg``, ``.parquet`` or, with heights, ``.city.json`` (CityJSON, LoD1).
        height: Heights above ground in metres, on any grid.
        ground: Elevations of the terrain in metres, on any grid: the buildings' bases; without it they stand on 0.
        options: Which class, and how.
        progress: Called with the pixels read and their number.

    Raises:
        UsageError: The class, the file's name or the options do not fit, or a package is not installed.
        DataError: A raster is missing or damaged, they do not lie on one another, or the map's reference system does
            not fit.
    """
    started = time.perf_counter()
    options = options or VectorOptions()
    target, kind = Path(out), vector_format(out)
    if height is None and (ground is not None or kind == "cityjson"):
        need = "a terrain model" if ground is not None else "CityJSON"
        raise UsageError(f"{need} is of no use without heights", path=target, remedy="Give --height as well")
    refuse_existing(target, [file for file in (path, height, ground) if file is not None], overwrite=options.overwrite)
    with open_raster(path) as raster:
        code, name = _class_of(options.category, raster.info.path)
        # What would fail at the end is refused before a large map is read.
        if kind == "cityjson":
            reference_system(raster.info)
        else:
            table_engine(target)
        if height is not None:
            exactextract()
            open_heights(height, raster.info).close()
        if ground is not None:
            Terrain(ground, raster.info).close()
        found = find_footprints(raster, code, min_area=options.min_area, simplify=options.simplify, progress=progress)
    heights = None
    if height is not None:
        heights = building_heights(found, height, ground=ground, percentile=options.percentile)
    columns = _columns(found, heights, name)
    written = len(found.shapes)
    if kind == "cityjson":
        blocks = _blocks(found, columns)
        write_json(target, city_json(blocks, found.info, title=f"{Path(path).name}: {name}"))
        written = len(blocks)
    else:
        write_table(target, found.shapes, columns, found.info.crs)
    return VectorResult(
        path=target,
        category=name,
        code=code,
        polygons=len(found.shapes),
        written=written,
        small=found.small,
        area=float(found.areas.sum()),
        volume=None if heights is None else float(np.nansum(columns["volume_m3"])),
        unknown=None if heights is None else int(np.isnan(heights.height).sum()),
        baseless=None if heights is None or ground is None else int(np.isnan(heights.base).sum()),
        flat=None if heights is None else int((heights.height <= 0).sum()),
        notes=() if heights is None else heights.notes,
        seconds=time.perf_counter() - started,
    )


def _class_of(wanted: str | int | None, path: str) -> tuple[int, str]:
    """Code and name of the class wanted."""
    text = _DEFAULT if wanted is None else str(wanted).strip()
    try:
        legend = map_legend(path)
    except UsageError as error:  # the map says nothing about its classes
        if text.isdecimal():
            return int(text), text
        raise UsageError(
            f"does not say which classes it holds, so that {text!r} is not known",
            path=path,
            remedy="Give the code of the class: --class CODE",
        ) from error
    for code, name in zip(legend.codes, legend.names, strict=True):
        if text.casefold() == name.casefold() or (text.isdecimal() and int(text) == code):
            return code, name
    known = ", ".join(f"{name} ({code})" for code, name in zip(legend.codes, legend.names, strict=True))
    raise UsageError(f"has no class {text!r}", path=path, remedy=f"Choose one with --class: {known}")


def _columns(found: Footprints, heights: BuildingHeights | None, name: str) -> dict[str, NDArray[Any]]:
    count = len(found.shapes)
    columns: dict[str, NDArray[Any]] = {
        "id": np.arange(1, count + 1),
        "class": np.full(count, name, dtype=object),
        "area_m2": found.areas,
    }
    if heights is None:
        return columns
    return columns | {
        "base_m": heights.base,
        "height_m": heights.height,
        "roof_m": heights.base + heights.height,
        "mean_m": heights.mean,
        "volume_m3": heights.mean * found.areas,
        "block_m3": heights.height * found.areas,
        "pixels": heights.pixels,
        "known": heights.share,
    }


def _blocks(found: Footprints, columns: dict[str, NDArray[Any]]) -> list[Block]:
    """The footprints whose base and roof are known, the roof above the base."""
    whole = np.isfinite(columns["roof_m"]) & (columns["height_m"] > 0)
    numbers = {name: values for name, values in columns.items() if name not in ("id", "class")}
    return [
        Block(
            name=f"building-{columns['id'][place]}",
            polygon=found.shapes[place],
            base=float(columns["base_m"][place]),
            roof=float(columns["roof_m"][place]),
            attributes={
                "id": int(columns["id"][place]),
                "class": str(columns["class"][place]),
                **{name: round(float(values[place]), 3) for name, values in numbers.items()},
            },
        )
        for place in np.flatnonzero(whole)
    ]
