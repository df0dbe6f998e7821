"""Write polygons with attributes: GeoPackage and GeoParquet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from rasterio.crs import CRS

from landwright.errors import DISK_FULL, DataError, UsageError
from landwright.rasters import atomic_output

_ROOM = 2**20

Format = Literal["gpkg", "parquet", "cityjson"]

_SUFFIXES: dict[str, Format] = {
    ".city.json": "cityjson",
    ".gpkg": "gpkg",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
}


def vector_format(out: str | PathLike[str]) -> Format:
    """Return the format that a file's name asks for.

    Raises:
        UsageError: The name ends with none of the known suffixes.
    """
    name = Path(out).name.lower()
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    raise UsageError("is no name of a vector file", path=out, remedy=f"Let it end with {', '.join(_SUFFIXES)}")


def refuse_existing(out: str | PathLike[str], inputs: Iterable[str | PathLike[str]], *, overwrite: bool) -> None:
    """Refuse to write over an input, or over anything unless ``overwrite``.

    Raises:
        UsageError: The file must not be written.
    """
    path = Path(out)
    if path.exists() and any(path.samefile(source) for source in map(Path, inputs) if source.exists()):
        raise UsageError("is one of the inputs", path=path, remedy="Name another output")
    if path.is_file() and not overwrite:
        raise UsageError("is there already", path=path, remedy="Use --force (overwrite=True) or another name")


def table_engine(out: str | PathLike[str]) -> Any:
    """Return geopandas.

    Raises:
        UsageError: It, or what it writes ``out`` with, is not installed.
    """
    path = Path(out)
    try:
        # geopandas would look for the engine only when it writes.
        import_module("pyarrow" if vector_format(path) == "parquet" else "pyogrio")
        return import_module("geopandas")
    except ImportError as error:
        raise UsageError(
            f"{path.suffix} files need packages that are not installed: {error.name}",
            path=path,
            remedy="Install landwright[vector]",
        ) from error


def write_table(out: str | PathLike[str], shapes: NDArray[Any], columns: Mapping[str, NDArray[Any]], crs: CRS) -> None:
    """Write polygons with attributes as a GeoPackage, or as GeoParquet 1.1 with the box of each polygon beside it.

    Args:
        out: The file; its suffix settles the format. The layer of a GeoPackage has the file's name.
        shapes: (n,) polygons.
        columns: Attributes by name, (n,) each; NaN is written as null.
        crs: Reference system of the polygons.

    Raises:
        UsageError: geopandas or its engines are not installed.
        DataError: The file cannot be written.
    """
    path = Path(out)
    table = table_engine(path).GeoDataFrame(dict(columns), geometry=shapes, crs=crs.to_wkt())
    with atomic_output(path) as temporary, _explained(path):
        if vector_format(path) == "parquet":
            table.to_parquet(temporary, schema_version="1.1.0", write_covering_bbox=True)
        else:
            table.to_file(temporary, driver="GPKG", layer=path.stem, engine="pyogrio", geometry_type="Polygon")


def write_json(out: str | PathLike[str], content: Mapping[str, Any]) -> None:
    """Write a JSON file in as few bytes as possible.

    Raises:
        DataError: The file cannot be written.
    """
    with atomic_output(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what failed where GDAL or Arrow only raise an error of their own."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = shutil.disk_usage(path.parent).free < _ROOM or getattr(error, "errno", None) in DISK_FULL
        raise DataError(
            f"cannot be written: {'the disk is full' if full else error}",
            path=path,
            remedy="Free space, check the folder's permissions, or write elsewhere",
        ) from error
