"""Move polygons to the pixel coordinates of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.crs import CRS

from landwright.errors import DataError
from landwright.rasters.info import RasterInfo
from landwright.rasters.vectors import Features


def polygons_on(image: RasterInfo, polygons: Features, path: str) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Find the polygons that reach into an image.

    Args:
        image: The georeferenced image.
        polygons: Polygons in any reference system.
        path: Their file, for messages.

    Returns:
        Their places in the file, rising, and their shapes in pixels (x = column, y = row).

    Raises:
        DataError: If the image lies outside all polygons' common bounds, or coordinates cannot be transformed.
    """
    shapes = np.array(polygons.geometries, dtype=object)
    if not len(shapes):
        return np.arange(0), shapes
    project = Transformer.from_crs(polygons.crs.to_wkt(), CRS.from_user_input(image.crs).to_wkt(), always_xy=True)
    inverse = ~image.transform

    def to_pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = project.transform(points[:, 0], points[:, 1])
        if not np.isfinite([x, y]).all():
            raise DataError(
                f"its coordinates are not valid in its reference system, {polygons.crs.to_string()}",
                path=path,
                remedy="Export the polygons again with the reference system that they are in",
            )
        return np.column_stack([inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f])

    shapes = shapely.transform(shapes, to_pixels)
    left, top, right, bottom = shapely.bounds(shapes).T
    here = (right > 0) & (bottom > 0) & (left < image.width) & (top < image.height)
    # A tile between buildings is good data; a tile beyond all of them is most likely a mistake.
    if right.max() <= 0 or bottom.max() <= 0 or left.min() >= image.width or top.min() >= image.height:
        raise DataError(
            f"no polygon lies on the image {image.path}",
            path=path,
            remedy="Check which files belong together and that their coordinate reference systems are right",
        )
    return np.flatnonzero(here), shapes[here]
