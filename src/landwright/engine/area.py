"""The part of a raster that is to be mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.engine.protocols import Source
from landwright.errors import UsageError
from landwright.legends import Legend, LegendClass
from landwright.rasters import VECTOR_SUFFIXES, Window, open_labels

_INSIDE = 1
_AREA = Legend(
    name="area of interest",
    classes=(
        LegendClass(code=0, name="outside", colour=(0, 0, 0)),
        LegendClass(code=_INSIDE, name="inside", colour=(255, 255, 255)),
    ),
)


class AreaReader:
    """A raster of which only the pixels inside polygons count as valid; the engine's `Reader`.

    A pixel is inside when its centre is. Rows of the raster that the polygons do not reach are not read.

    Args:
        raster: The open raster.
        polygons: Vector file, any CRS.

    Raises:
        UsageError: The file is no vector file, or its reader is not installed.
        DataError: The file is missing or damaged or holds no polygon on the raster, or the raster is not
            georeferenced.
    """

    def __init__(self, raster: Source, polygons: Path) -> None:
        """Read the polygons and place them on the raster."""
        if polygons.suffix.lower() not in VECTOR_SUFFIXES:
            raise UsageError(
                "is no vector file that an area can be read from", path=polygons, remedy="Use GeoJSON or GeoPackage"
            )
        self._raster = raster
        self._area = open_labels(polygons, _AREA, raster.info)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._raster.shape

    def read_with_valid(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return pixels (C, h, w) and where they are valid and inside (h, w)."""
        inside = self._area.read(window) == _INSIDE
        if not inside.any():
            info = self._raster.info
            return np.zeros((len(self._raster.bands), window.height, window.width), dtype=info.dtype), inside
        pixels, valid = self._raster.read_with_valid(window)
        if pixels.dtype.kind == "f":
            pixels[:, ~inside] = 0  # a NaN outside is none of the area's
        return pixels, valid & inside
