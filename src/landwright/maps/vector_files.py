"""Write polygons with attributes: GeoPackage, GeoParquet and FlatGeobuf."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from rasterio.crs import CRS

from landwright.errors import DISK_FULL, DataError, UsageError
from landwright.rasters import atomic_output

_ROOM = 2**20

Format = Literal["gpkg", "parquet", "fgb", "cityjson"]

Batch = tuple[NDArray[Any], Mapping[str, NDArray[Any]]]

_DRIVERS = {"gpkg": "GPKG", "fgb": "FlatGeobuf"}
_SUFFIXES: dict[str, Format] = {
    ".city.json": "cityjson",
    ".gpkg": "gpkg",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".fgb": "fgb",
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
        import_module("pyarrow")
        if vector_format(path) != "parquet":
            import_module("pyogrio")
        return import_module("geopandas")
    except ImportError as error:
        raise UsageError(
            f"{path.suffix} files need packages that are not installed: {error.name}",
            path=path,
            remedy="Install landwright[vector]",
        ) from error


def write_table(out: str | PathLike[str], shapes: NDArray[Any], columns: Mapping[str, NDArray[Any]], crs: CRS) -> None:
    """Write polygons with attributes in the format that the file's name asks for.

    Args:
        out: The file. The layer of a GeoPackage has the file's name; GeoParquet (1.1) has the box of each polygon
            beside it.
        shapes: (n,) polygons.
        columns: Attributes by name, (n,) each; NaN is written as null.
        crs: Reference system of the polygons.

    Raises:
        UsageError: geopandas or its engines are not installed.
        DataError: The file cannot be written.
    """
    with table_output(out) as temporary:
        write_batches(temporary, Path(out), [(shapes, columns)], crs)


@contextmanager
def table_output(out: str | PathLike[str]) -> Iterator[Path]:
    """Yield a temporary name for `write_batches`; the file is at ``out`` whole or not at all.

    Raises:
        UsageError: geopandas or its engines are not installed.
        DataError: The file cannot be written.
    """
    path = Path(out)
    table_engine(path)
    with atomic_output(path) as temporary:
        yield temporary


def write_batches(
    temporary: Path, path: Path, batches: Iterable[Batch], crs: CRS, *, box: Sequence[float] | None = None
) -> None:
    """Write polygons as they come, one batch at a time in memory.

    Args:
        temporary: The file to write.
        path: The name that it will have.
        batches: Polygons and attributes as for `write_table`, at least one batch, which may be empty.
        crs: Reference system of the polygons.
        box: Left, bottom, right, top of all polygons; None if there is one batch.

    Raises:
        DataError: The file cannot be written.
    """
    engine, kind = table_engine(path), vector_format(path)
    frames = (_frame(engine, shapes, columns, crs) for shapes, columns in batches)
    with explained(path):
        if kind == "parquet":
            _write_parquet(temporary, frames, box)
        else:
            _write_layer(temporary, frames, crs, driver=_DRIVERS[kind], layer=path.stem)


def _frame(geopandas: Any, shapes: NDArray[Any], columns: Mapping[str, NDArray[Any]], crs: CRS) -> Any:
    pandas = import_module("pandas")
    # An empty column of objects would have no type.
    typed = {
        name: pandas.array(values, dtype="string") if values.dtype == object else values
        for name, values in columns.items()
    }
    return geopandas.GeoDataFrame(typed, geometry=shapes, crs=crs.to_wkt())


def _write_parquet(temporary: Path, frames: Iterable[Any], box: Sequence[float] | None) -> None:
    """Let geopandas encode every batch, and put the batches into one file."""
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    with ExitStack() as stack:
        writer = None
        for frame in frames:
            # Not a file of Python's: an Arrow thread that lets go of one while Python ends aborts the process, after
            # the file is whole (apache/arrow issues 34314, 50482).
            encoded = pyarrow.BufferOutputStream()
            frame.to_parquet(encoded, index=False, schema_version="1.1.0", write_covering_bbox=True)
            table = parquet.read_table(pyarrow.BufferReader(encoded.getvalue()), use_threads=False)
            if writer is None:
                about = dict(table.schema.metadata)
                if box is not None:
                    facts = json.loads(about[b"geo"])
                    facts["columns"]["geometry"]["bbox"] = list(box)
                    about[b"geo"] = json.dumps(facts).encode()
                schema = table.schema.with_metadata(about)
                writer = stack.enter_context(parquet.ParquetWriter(temporary, schema, compression="zstd"))
            writer.write_table(table.cast(schema))


def _write_layer(temporary: Path, frames: Iterable[Any], crs: CRS, *, driver: str, layer: str) -> None:
    """Let GDAL take the batches one after the other."""
    pyarrow, pyogrio = import_module("pyarrow"), import_module("pyogrio")
    tables = (pyarrow.table(frame.to_arrow(index=False)) for frame in frames)
    first = next(tables)
    stream = chain.from_iterable(table.to_batches() for table in chain([first], tables))
    pyogrio.write_arrow(
        pyarrow.RecordBatchReader.from_batches(first.schema, stream),
        temporary,
        driver=driver,
        layer=layer,
        geometry_name="geometry",
        geometry_type="Polygon",
        crs=crs.to_wkt(),
    )


def write_json(out: str | PathLike[str], content: Mapping[str, Any]) -> None:
    """Write a JSON file in as few bytes as possible.

    Raises:
        DataError: The file cannot be written.
    """
    with atomic_output(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what failed where GDAL, Arrow or SQLite only raise an error of their own.

    Args:
        path: The file that is written.

    Raises:
        DataError: In the place of such an error.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = shutil.disk_usage(path.parent).free < _ROOM or getattr(error, "errno", None) in DISK_FULL
        raise DataError(
            f"cannot be written: {'the disk is full' if full else error}",
            path=path,
            remedy="Free space, check the folder's permissions, or write elsewhere",
        ) from error
