"""Polygon labels, burnt onto the grid of an image."""

from __future__ import annotations

import math
from collections import Counter
from os import PathLike
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Crosswalk, Legend
from landwright.legends.lookup import UNKNOWN
from landwright.rasters.info import RasterInfo
from landwright.rasters.label_reader import LabelReader, Tally
from landwright.rasters.placement import polygons_on
from landwright.rasters.vectors import Features, read_polygons
from landwright.rasters.window import Window, whole_or_inside

_SHOWN = 8


class PolygonLabels(LabelReader):
    """Polygons on the grid of an image; made by `open_labels`.

    They are moved to pixel coordinates once; a window burns only those that a spatial index finds in it.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        legend: Legend,
        like: RasterInfo,
        *,
        field: str | None = None,
        burn: str | None = None,
        outside: str | None = None,
        crosswalk: Crosswalk | None = None,
    ) -> None:
        """Read the polygons and settle the class of each and of the ground outside."""
        self.path = str(path)
        self.legend = legend
        self.shape = like.shape
        self.aligned = "burnt"
        if not like.georeferenced:
            raise DataError(
                f"polygons cannot be placed on {like.path}, which has no georeference",
                path=path,
                remedy="Georeference the image, or give labels as a raster of the same size",
            )
        own = legend if crosswalk is None else crosswalk.source_legend
        translate = np.arange(IGNORE + 1, dtype=np.uint8) if crosswalk is None else crosswalk.index_lut()
        polygons = read_polygons(path)
        here, self._shapes = polygons_on(like, polygons, self.path)
        classes = _classes(polygons, here, own, field, burn, self.path)
        translate[UNKNOWN] = UNKNOWN
        self._unknown = Counter(str(value) for index, value in classes if index == UNKNOWN)
        self._indices = [int(translate[index]) for index, _ in classes]
        self._outside = int(translate[_outside(own, outside)])
        self._tree = shapely.STRtree(self._shapes)
        if not polygons.geometries:
            self.notes = ("holds no polygons: all ground is outside",)

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Class indices of a window; see `LabelReader.read`."""
        if self._unknown:
            shown = ", ".join(f"{value!r} ({count} polygons)" for value, count in self._unknown.most_common(_SHOWN))
            raise DataError(
                f"the polygons name classes that legend {self.legend.name} does not have: {shown}",
                path=self.path,
                remedy=f"It has {', '.join(self.legend.names)}; choose another attribute or legend, or a crosswalk",
            )
        return self._burn(window)

    def count(self, tally: Tally, window: Window | None = None) -> None:
        """Add the pixels of a window to `tally`; those of polygons with an unknown class count as one kind."""
        indices = self._burn(window)
        unknown = int(np.count_nonzero(indices == UNKNOWN))
        tally.add(indices[indices != UNKNOWN], Counter({", ".join(self._unknown): unknown} if unknown else {}))

    def close(self) -> None:
        """Nothing stays open: the polygons are in memory."""

    def _burn(self, window: Window | None) -> NDArray[np.uint8]:
        area = whole_or_inside(window, self.shape)
        row, col, height, width = area
        found = np.sort(self._tree.query(shapely.box(col, row, col + width, row + height)))
        if not len(found):
            return np.full((height, width), self._outside, np.uint8)
        burnt: NDArray[np.uint8] = rasterize(
            [(self._shapes[place], self._indices[place]) for place in found],
            out_shape=(height, width),
            fill=self._outside,
            transform=Affine.translation(col, row),
            dtype="uint8",
        )
        return burnt


def _classes(
    polygons: Features, here: NDArray[np.intp], own: Legend, field: str | None, burn: str | None, path: str
) -> list[tuple[int, Any]]:
    """Index and attribute of each polygon on the image; 254 where the legend has no such class."""
    if field is not None and burn is not None:
        raise UsageError("field and burn exclude each other", path=path, remedy="Give one class, or an attribute")
    if field is None:
        if burn is None and len(own) != 2:
            raise UsageError(
                f"the polygons' classes are not known among the {len(own)} of {own.name}",
                path=path,
                remedy="Name the attribute with the class (field), or one class for all polygons (burn)",
            )
        index = 1 if burn is None else own.index(burn)
        return [(index, burn)] * len(here)
    known = sorted({name for values in polygons.properties for name in values})
    if field not in known and polygons.geometries:
        raise UsageError(f"no polygon has an attribute {field!r}", path=path, remedy=f"There are {', '.join(known)}")
    values = [polygons.properties[place].get(field) for place in here]
    return [(_index_of(value, own), value) for value in values]


def _index_of(value: Any, own: Legend) -> int:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return IGNORE
    if isinstance(value, str) and not value.strip().isdecimal():
        names = [name.casefold() for name in own.names]
        name = value.strip().casefold()
        return names.index(name) if name in names else UNKNOWN
    return int(own.look_up(np.array([float(value)]))[0])


def _outside(own: Legend, outside: str | None) -> int:
    if outside is None:
        return 0 if len(own) == 2 else IGNORE
    return IGNORE if outside == "ignore" else own.index(outside)
