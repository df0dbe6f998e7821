"""What is said of each polygon of a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.maps.building_heights import building_heights
from landwright.maps.footprints import Footprints
from landwright.maps.map_values import MapValues
from landwright.maps.mosaic import is_run, run_product
from landwright.maps.zonal import exactextract, zonal
from landwright.rasters import RasterInfo, open_heights
from landwright.runs import Run

Columns = dict[str, NDArray[Any]]

CONFIDENCE = "confidence"
"""Stem of the confidence's files in the blocks of a run."""


@dataclass(frozen=True)
class Sources:
    """The rasters that polygons are measured in.

    Attributes:
        height: Heights above ground in metres, or None.
        ground: Elevations of the terrain in metres, or None.
        confidence: How sure the map is, or None.
        percentile: Percentile of the heights that is a building's roof.
        buildings: Measure polygons as buildings; else only the mean and the largest height.
    """

    height: str | PathLike[str] | None = None
    ground: str | PathLike[str] | None = None
    confidence: str | PathLike[str] | None = None
    percentile: float = 90.0
    buildings: bool = True

    @property
    def files(self) -> list[str | PathLike[str]]:
        """Those that there are."""
        return [file for file in (self.height, self.ground, self.confidence) if file is not None]

    def check(self, like: RasterInfo) -> None:
        """Refuse what would fail only after a large map was read.

        Raises:
            UsageError: exactextract is not installed.
            DataError: A raster is missing or damaged or does not lie on the map.
        """
        if self.files:
            exactextract()
        if self.height is not None:
            open_heights(self.height, like).close()
        for file in (self.ground, self.confidence):
            if file is not None:
                MapValues(file, like).close()

    def measure(self, found: Footprints, names: Mapping[int, str]) -> tuple[Columns, tuple[str, ...]]:
        """Return the attributes of polygons, without their numbers, and plain remarks on the rasters.

        Args:
            found: The polygons.
            names: Names of the classes by code; others are called by their code.
        """
        texts = [names.get(code, str(code)) for code in found.codes.tolist()]
        columns: Columns = {
            "class": np.array(texts, dtype=object),
            "code": found.codes,
            "area_m2": found.areas,
        }
        notes: tuple[str, ...] = ()
        if self.confidence is not None:
            with MapValues(self.confidence, found.info) as raster:
                columns["confidence"] = zonal(raster.values, found.info.shape, found.pixels).mean
                notes += tuple(f"{self.confidence}: {note}" for note in raster.notes)
        if self.height is not None and self.buildings:
            heights = building_heights(found, self.height, ground=self.ground, percentile=self.percentile)
            notes += heights.notes
            columns |= {
                "base_m": heights.base,
                "height_m": heights.height,
                "roof_m": heights.base + heights.height,
                "mean_m": heights.mean,
                "max_m": heights.highest,
                "volume_m3": heights.mean * found.areas,
                "block_m3": heights.height * found.areas,
                "pixels": heights.pixels,
                "known": heights.share,
            }
        elif self.height is not None:
            with open_heights(self.height, found.info) as reader:
                zones = zonal(reader.read, found.info.shape, found.pixels)
                notes += tuple(f"{self.height}: {note}" for note in reader.notes)
            columns |= {"mean_m": zones.mean, "max_m": zones.maximum, "pixels": zones.known}
        return columns, notes


def confidence_beside(path: str | PathLike[str]) -> Path | None:
    """Return ``NAME_confidence.tif`` beside a map ``NAME.tif``, or a run whose blocks have one, where there is one."""
    plain = Path(path)
    if is_run(plain):
        return plain if run_product(Run.load(plain), CONFIDENCE) else None
    beside = plain.with_name(f"{plain.stem}_confidence{plain.suffix}")
    return beside if beside.is_file() else None


@dataclass
class Tally:
    """What all polygons come to.

    Attributes:
        polygons: Their number.
        area: Square metres.
        volume: Cubic metres of those with a known height.
        unknown: Those without a known height.
        baseless: Those without a known base.
        flat: Those whose roof is not above their base.
        counts: Polygons of each class.
    """

    polygons: int = 0
    area: float = 0.0
    volume: float = 0.0
    unknown: int = 0
    baseless: int = 0
    flat: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Count further polygons."""
        self.polygons += len(columns["area_m2"])
        self.area += float(columns["area_m2"].sum())
        for name, count in zip(*np.unique(columns["class"].astype(str), return_counts=True), strict=True):
            self.counts[str(name)] = self.counts.get(str(name), 0) + int(count)
        if "volume_m3" in columns:
            self.volume += float(np.nansum(columns["volume_m3"]))
            self.unknown += int(np.isnan(columns["height_m"]).sum())
            self.baseless += int(np.isnan(columns["base_m"]).sum())
            self.flat += int((columns["height_m"] <= 0).sum())
