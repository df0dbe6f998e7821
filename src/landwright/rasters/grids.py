"""Whether two grids are the same, and how much of one the other covers."""

from __future__ import annotations

from itertools import product

from landwright.errors import DataError
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Grid

_SAME = 0.01


def same_grid(a: RasterInfo, b: RasterInfo) -> bool:
    """Whether pixels of two rasters lie on one another, within a hundredth of a pixel at the corners."""
    if a.shape != b.shape or a.crs != b.crs:
        return False
    corners = product((0, a.width), (0, a.height))
    offsets = [(x - col, y - row) for col, row in corners for x, y in [~b.transform @ (a.transform @ (col, row))]]
    return all(abs(shift) <= _SAME for offset in offsets for shift in offset)


def grid_of(info: RasterInfo) -> Grid:
    """The grid to warp onto, so that pixels lie on those of `info`."""
    return Grid(info.crs, info.transform, info.height, info.width)


def overlap(label: RasterInfo, image: RasterInfo) -> float:
    """Share of the image's area, 0..1, inside the label raster's outline; both must be georeferenced."""
    from odc.geo.geobox import GeoBox  # slow to import, and seldom needed

    here, there = (GeoBox(info.shape, info.transform, info.crs).extent for info in (image, label))
    return float((here & there.to_crs(here.crs)).area / here.area)


def needs_warp(label: RasterInfo, image: RasterInfo) -> bool:
    """Whether a label raster has to be warped to lie on the image's grid.

    Raises:
        DataError: If it lies elsewhere, or if one of the two has no georeference and their sizes differ.
    """
    if same_grid(label, image):
        return False
    if not (label.georeferenced and image.georeferenced):
        if label.shape == image.shape:
            return False
        bare = label.path if not label.georeferenced else image.path
        raise DataError(
            f"has {label.width} x {label.height} pixels but the image {image.path} has {image.width} x {image.height}",
            path=label.path,
            remedy=f"Without a georeference in {bare} they must be of one size",
        )
    if overlap(label, image) == 0:
        raise DataError(
            f"does not overlap the image {image.path}",
            path=label.path,
            remedy="Check which files belong together and that their coordinate reference systems are right",
        )
    return True
