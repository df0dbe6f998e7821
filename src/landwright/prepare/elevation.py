"""Elevation rasters - surface and terrain models - read in metres."""

from __future__ import annotations

from os import PathLike
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling

from landwright.errors import DataError
from landwright.prepare.units import HeightUnit, metres_per_unit
from landwright.rasters import Raster, RasterInfo, Window, open_raster
from landwright.rasters.gdal import reading, without_georeference_warning
from landwright.rasters.grids import grid_of, overlap, same_grid

Metres = NDArray[np.float32]

LOWEST_LAND, HIGHEST_LAND = -500.0, 9000.0
"""Metres between which all land lies; other numbers are a nodata value that the file does not declare."""

_WHOLE = 0.9995


class Elevation:
    """An open elevation raster; a context manager.

    Args:
        path: File of one band of heights above any datum.
        unit: What the heights count in; by default what the file or its CRS says.
        like: Read on the grid of this raster: warped (bilinear) where the grids differ.

    Attributes:
        info: The grid that is read.
        notes: Plain remarks on what a user may not expect.

    Raises:
        DataError: If the raster is missing or damaged, has no CRS or several bands, its unit is not known, or it does
            not overlap the raster that it is to lie on.
    """

    info: RasterInfo

    def __init__(
        self, path: str | PathLike[str], *, unit: HeightUnit | None = None, like: RasterInfo | None = None
    ) -> None:
        """Open the raster, settle its unit and whether it has to be warped."""
        self.path = str(path)
        raster = open_raster(path)
        try:
            self._factor = _checked(raster, unit)
            self._notes: list[str] = []
            if self._factor != 1:
                self._notes.append(f"heights are multiplied by {self._factor:.7g}: metres in one of their units")
            if like is not None and not same_grid(raster.info, like):
                self._notes += _coverage(raster.info, like)
                raster.close()
                raster = Raster(path, bands=raster.bands, grid=grid_of(like), resampling=Resampling.bilinear)
        except BaseException:
            raster.close()
            raise
        self._raster = raster
        self._beyond = False
        self.info = raster.info

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the file, with those on the values read so far."""
        if not self._beyond:
            return tuple(self._notes)
        limits = f"below {LOWEST_LAND:g} or above {HIGHEST_LAND:g} m"
        return (*self._notes, f"holds values {limits}: taken as nodata, which the file should declare")

    def read(self, window: Window | None = None) -> Metres:
        """Heights of a window (default: all) as (h, w) float32 metres, NaN where unknown.

        Raises:
            DataError: If the file turns out to be damaged.
        """
        pixels, valid = self._raster.read_with_valid(window)
        heights: Metres = np.where(valid, pixels[0], np.nan).astype(np.float32)
        if self._factor != 1:
            heights *= np.float32(self._factor)
        beyond = (heights < LOWEST_LAND) | (heights > HIGHEST_LAND)
        if beyond.any():
            self._beyond = True
            heights[beyond] = np.nan
        return heights

    def close(self) -> None:
        """Close the file."""
        self._raster.close()

    def __enter__(self) -> Self:
        """Return the raster itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


def one_band(raster: Raster, path: str) -> str | None:
    """Return the unit that the only band declares, or None.

    Raises:
        DataError: If there are several bands, or stored values are not the heights.
    """
    if len(raster.bands) != 1:
        raise DataError(
            f"has {len(raster.bands)} bands; heights have one",
            path=path,
            remedy="Extract the band of the heights first, for example with `gdal_translate -b`",
        )
    with reading(path, "is not a readable raster"), without_georeference_warning(), rasterio.open(path) as source:
        band = raster.bands[0] - 1
        if source.scales[band] != 1 or source.offsets[band] != 0:
            raise DataError(
                "declares a scale or offset: its stored values are no heights",
                path=path,
                remedy="Write the heights themselves first: gdal_translate -unscale -ot Float32",
            )
    return raster.unit()


def _checked(raster: Raster, unit: HeightUnit | None) -> float:
    """Metres per unit of a raster that can be used."""
    info = raster.info
    written = one_band(raster, info.path)
    if info.crs is None or not info.georeferenced:
        raise DataError(
            "has no coordinate reference system, so that its metres are not known"
            if info.crs is None
            else "has a CRS but no position",
            path=info.path,
            remedy="Assign the right one, for example with `gdal_edit.py -a_srs EPSG:25832` and `-a_ullr`",
        )
    return metres_per_unit(info.crs, written, unit, info.path)


def _coverage(own: RasterInfo, like: RasterInfo) -> list[str]:
    share = overlap(own, like)
    if share == 0:
        raise DataError(
            f"does not overlap {like.path}",
            path=own.path,
            remedy="Check which files belong together and that their coordinate reference systems are right",
        )
    return [] if share >= _WHOLE else [f"covers {share:.1%} of {like.path}; the rest has no height"]
