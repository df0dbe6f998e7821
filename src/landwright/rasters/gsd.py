"""Ground size of a pixel."""

from __future__ import annotations

import math
from functools import lru_cache

import pyproj
from affine import Affine
from rasterio.crs import CRS

TOLERANCE = 1.05
"""Factor by which ground sizes may differ and still count as the same."""

_TRUE_ENOUGH = 0.005


def ground_resolution(crs: CRS, transform: Affine, shape: tuple[int, int]) -> float | None:
    """Metres on the ground per pixel at the raster's centre.

    Measured along the ellipsoid, because a projected unit can be far from a metre on the ground: EPSG:3857 shrinks
    by the cosine of the latitude, geographic coordinates are degrees. Where the projection is true to scale within
    0.5 % (UTM, national grids) the nominal pixel size is returned.

    Args:
        crs: Coordinate reference system.
        transform: Pixel to CRS.
        shape: (height, width) in pixels.

    Returns:
        Geometric mean of the two pixel sides in metres; None where the CRS says nothing about the Earth.
    """
    proj, geod, to_degrees = _system(crs.to_wkt())
    nominal = math.sqrt(abs(transform.determinant)) * proj.axis_info[0].unit_conversion_factor
    if geod is None or to_degrees is None:
        return nominal if proj.is_engineering else None
    row, col = shape[0] / 2, shape[1] / 2
    corners = [transform @ point for point in ((col, row), (col + 1, row), (col, row + 1))]
    lon, lat = to_degrees.transform([x for x, _ in corners], [y for _, y in corners])
    if not all(map(math.isfinite, (*lon, *lat))):
        return None
    _, _, sides = geod.inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    measured = math.sqrt(sides[0] * sides[1])
    if not proj.is_geographic and abs(measured / nominal - 1) < _TRUE_ENOUGH:
        return nominal
    return measured


@lru_cache(maxsize=64)
def _system(wkt: str) -> tuple[pyproj.CRS, pyproj.Geod | None, pyproj.Transformer | None]:
    """A reference system, its ellipsoid and the way to degrees: a third of the time of opening a raster."""
    proj = pyproj.CRS.from_wkt(wkt)
    degrees = proj.geodetic_crs
    return (
        proj,
        proj.get_geod(),
        None if degrees is None else pyproj.Transformer.from_crs(proj, degrees, always_xy=True),
    )


def suited_gsd(gsd: float | None, wanted: tuple[float, float]) -> float | None:
    """Ground size to resample an image to, so that a model sees pixels as in training.

    Args:
        gsd: The image's own, in metres per pixel; None where it is unknown.
        wanted: Smallest and largest that the model was trained for.

    Returns:
        The nearest end of the range, or None where the image lies within it (give or take 5 %) or nothing is known.
    """
    low, high = wanted
    if gsd is None or low / TOLERANCE <= gsd <= high * TOLERANCE:
        return None
    return low if gsd < low else high
