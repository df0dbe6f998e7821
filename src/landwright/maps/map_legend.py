"""The classes that a map says it holds."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

import rasterio
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import Legend, LegendClass, list_legends, load_legend
from landwright.rasters import open_raster
from landwright.rasters.gdal import without_georeference_warning

_TITLE = "classes: "


def map_legend(path: str | PathLike[str], *, default: Legend | None = None) -> Legend:
    """Return the legend of a map that landwright made.

    The shipped legend of that name is returned where its classes are the map's, because it also knows which codes of
    references are to be ignored.

    Args:
        path: The map.
        default: Legend of a map that says nothing about its classes.

    Raises:
        UsageError: The map says nothing about its classes, and there is no default.
        DataError: The map cannot be read, or what it says about its classes is not valid.
    """
    with open_raster(path) as raster:
        info = raster.info
    text = read_tags(path).get("CLASSES")
    if text is None and default is not None:
        return default
    if text is None:
        raise UsageError(
            "does not say which classes it holds",
            path=path,
            remedy=f"Name them with --legend: {', '.join(list_legends())}, or a .yaml file",
        )
    title = info.descriptions[0] or ""
    name = title.removeprefix(_TITLE) if title.startswith(_TITLE) else "map"
    try:
        legend = _legend(name, json.loads(text), info.nodata)
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise DataError(
            f"its tag CLASSES is not a list of classes: {error}", path=path, remedy="Name the classes with --legend"
        ) from error
    if name in list_legends():
        shipped = load_legend(name)
        if (shipped.codes, shipped.names, shipped.nodata) == (legend.codes, legend.names, legend.nodata):
            return shipped
    return legend


def read_tags(path: str | PathLike[str]) -> dict[str, str]:
    """Return the tags of a raster.

    Args:
        path: The raster; it must be one that can be opened.
    """
    with without_georeference_warning(), rasterio.open(path) as file:
        return dict(file.tags())


def _legend(name: str, entries: list[dict[str, Any]], nodata: float | None) -> Legend:
    classes = tuple(
        LegendClass.model_validate(
            {"code": entry["value"], "name": entry["name"], "colour": tuple(bytes.fromhex(entry["color"]))}
        )
        for entry in entries
    )
    return Legend(name=name, nodata=255 if nodata is None else int(nodata), classes=classes)
