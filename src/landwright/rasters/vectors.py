"""Read polygons from vector files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import shapely
from rasterio.crs import CRS
from rasterio.errors import CRSError
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from landwright.errors import DataError, UsageError

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp", ".fgb")
"""Suffixes of label files that hold polygons."""

_GEOJSON = (".geojson", ".json")
_PARQUET = (".parquet", ".geoparquet")
_LONGITUDE_LATITUDE = CRS.from_epsg(4326)
_AREAS = ("Polygon", "MultiPolygon", "GeometryCollection")


class Features(NamedTuple):
    """The features of a file in their order.

    Attributes:
        geometries: Geometry of each; of polygons none is empty.
        properties: Attributes of each.
        crs: Their coordinate reference system.
    """

    geometries: Sequence[BaseGeometry]
    properties: Sequence[dict[str, Any]]
    crs: CRS


def read_features(path: str | PathLike[str]) -> Features:
    """Read the features of a vector file: points, lines or polygons, empty ones too.

    GeoJSON needs nothing else; other formats need the extra `vector`.

    Raises:
        UsageError: If the extra is not installed.
        DataError: If the file is missing or damaged, or has no CRS.
    """
    file = Path(path)
    if not file.exists():
        raise DataError("there is no such file", path=path, remedy="Check the path")
    return _from_geojson(file) if file.suffix.lower() in _GEOJSON else _from_table(file)


def read_polygons(path: str | PathLike[str]) -> Features:
    """Read the polygons of a vector file; features without a geometry are left out.

    GeoJSON needs nothing else; other formats need the extra `vector`.

    Raises:
        UsageError: If the extra is not installed.
        DataError: If the file is missing or damaged, has no CRS, or holds points or lines.
    """
    file = Path(path)
    if not file.exists():
        raise DataError("there is no such file", path=path, remedy="Check the path")
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(file: Path, modified: int) -> Features:
    """Read one version of a file; kept, because one file of polygons often serves many images in turn."""
    polygons = read_features(file)
    filled = [
        (geometry, values)
        for geometry, values in zip(polygons.geometries, polygons.properties, strict=True)
        if geometry is not None and not geometry.is_empty
    ]
    strange = [geometry.geom_type for geometry, _ in filled if geometry.geom_type not in _AREAS]
    if strange:
        raise DataError(
            f"holds {len(strange)} features that are no polygons, such as {strange[0]}",
            path=file,
            remedy="Buffer lines and points to areas first",
        )
    return Features([geometry for geometry, _ in filled], [values for _, values in filled], polygons.crs)


def _from_geojson(file: Path) -> Features:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
        features = _features(content)
        geometries = [shape(item["geometry"]) if item.get("geometry") else Polygon() for item in features]
        named = content.get("crs")
        # RFC 7946 knows only longitude and latitude; older files name their CRS.
        crs = CRS.from_user_input(named["properties"]["name"]) if named else _LONGITUDE_LATITUDE
    except (OSError, ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError, CRSError) as error:
        raise DataError(
            f"is not GeoJSON: {error}", path=file, remedy="Export it again, for example from QGIS"
        ) from error
    return Features(geometries, [item.get("properties") or {} for item in features], crs)


def _features(content: dict[str, Any]) -> list[dict[str, Any]]:
    if content["type"] == "FeatureCollection":
        features: list[dict[str, Any]] = content["features"]
        return features
    return [content] if content["type"] == "Feature" else [{"geometry": content}]


def _from_table(file: Path) -> Features:
    try:
        import geopandas
        import pyogrio
    except ImportError as error:
        raise UsageError(
            f"{file.suffix} files need packages that are not installed: {error.name}",
            path=file,
            remedy="Install landwright[vector], or export the polygons as GeoJSON",
        ) from error
    try:
        if file.suffix.lower() in _PARQUET:
            table = geopandas.read_parquet(file)
        else:
            layers = [str(name) for name, _ in pyogrio.list_layers(file)]
            if len(layers) > 1:
                raise DataError(
                    f"has several layers: {', '.join(layers)}", path=file, remedy="Export the one with the labels"
                )
            table = geopandas.read_file(file, engine="pyogrio")
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"is not a readable vector file: {error}", path=file, remedy="Export it again") from error
    if not isinstance(table, geopandas.GeoDataFrame) or table.crs is None:
        raise DataError(
            "has no geometry with a CRS", path=file, remedy="Assign the CRS in QGIS or with `ogr2ogr -a_srs`"
        )
    attributes = table.drop(columns=table.geometry.name)
    return Features(list(table.geometry), attributes.to_dict("records"), CRS.from_wkt(table.crs.to_wkt()))
