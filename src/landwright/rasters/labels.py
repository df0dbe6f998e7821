"""Open labels of any kind: code rasters, RGB masks, polygons."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from landwright.errors import UsageError
from landwright.legends import Crosswalk, Legend
from landwright.rasters.codes import RasterLabels
from landwright.rasters.info import RasterInfo
from landwright.rasters.label_reader import LabelReader
from landwright.rasters.polygons import PolygonLabels
from landwright.rasters.vectors import VECTOR_SUFFIXES


def open_labels(
    path: str | PathLike[str],
    legend: Legend,
    like: RasterInfo,
    *,
    field: str | None = None,
    burn: str | None = None,
    outside: str | None = None,
    crosswalk: Crosswalk | None = None,
) -> LabelReader:
    """Open labels of any kind on the grid of an image.

    A raster of one band holds codes, or colours of a palette where these are the legend's; one of three or four bands
    holds colours. A raster on another grid is warped (nearest). Polygons are burnt: a pixel belongs to the last
    polygon that its centre lies in.

    Args:
        path: Label raster, or polygons (GeoJSON; GeoPackage, GeoParquet and others with the extra `vector`).
        legend: The classes wanted.
        like: The image's grid.
        field: Attribute of the polygons that holds the class name or code.
        burn: Class of all polygons; by default the second class of a two-class legend.
        outside: Class of the ground outside the polygons, or "ignore"; by default the first class of a two-class
            legend, and "ignore" for others.
        crosswalk: Translation from the file's own legend to `legend`.

    Raises:
        UsageError: If the options do not fit the kind of labels, or a reader is not installed.
        DataError: If the labels are missing or damaged, or do not lie on the image.
    """
    if crosswalk is not None and not crosswalk.target_legend.same_classes(legend):
        raise UsageError(
            f"crosswalk {crosswalk.name} leads to legend {crosswalk.target}, not to {legend.name}",
            remedy="Choose the crosswalk that leads to the classes of the recipe or bundle",
        )
    if Path(path).suffix.lower() in VECTOR_SUFFIXES:
        return PolygonLabels(path, legend, like, field=field, burn=burn, outside=outside, crosswalk=crosswalk)
    given = [name for name, value in (("field", field), ("burn", burn), ("outside", outside)) if value is not None]
    if given:
        raise UsageError(f"{' and '.join(given)} apply to polygons, but {path} is a raster", remedy="Leave them out")
    return RasterLabels(path, legend, like, crosswalk=crosswalk)
