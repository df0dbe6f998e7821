"""Whether two grids are the same, and how much of one the other covers."""

from __future__ import annotations

from itertools import product
from math import isfinite

from landwright.errors import DataError
from landwright.rasters.info import RasterInfo
from landwright.rasters.raster import Grid

_SAME = 0.01
_WHOLE = 0.9995
"""Share of an image from which on it counts as covered: grids that differ by less than a pixel leave no more out."""
_FEW = 2


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
    # In the label's system: the outline of a raster of the whole world does not exist in that of a small image.
    here = here.to_crs(there.crs)
    if not isfinite(here.area) or here.area == 0:
        return 0.0  # the image lies where the label's system is not defined
    return float((here & there).area / here.area)


def cells(label: RasterInfo, image: RasterInfo) -> tuple[float, float]:
    """Rows and columns of the label raster's own pixels across the image; both must be georeferenced."""
    from odc.geo.geobox import GeoBox  # as above

    here, there = (GeoBox(info.shape, info.transform, info.crs) for info in (image, label))
    box = there.project(here.extent.to_crs(label.crs)).boundingbox
    return float(box.span_y), float(box.span_x)


def placement_notes(label: RasterInfo, image: RasterInfo) -> list[str]:
    """Plain remarks on labels of another grid that cover an image in part, or in hardly more than one piece."""
    notes = []
    if (share := overlap(label, image)) < _WHOLE:
        notes.append(f"covers {share:.1%} of the image; the rest is ignored")
    rows, columns = cells(label, image)
    if min(rows, columns) < _FEW:
        notes.append(
            f"only {rows:.2g} x {columns:.2g} of its pixels lie across the image: they give it hardly any shape"
        )
    return notes


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
