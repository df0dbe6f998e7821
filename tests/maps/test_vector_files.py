from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import geopandas
import numpy as np
import pyarrow.parquet
import pyogrio
import pyproj
import pytest
import shapely
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError
from landwright.maps.vector_files import (
    refuse_existing,
    table_output,
    vector_format,
    write_batches,
    write_json,
    write_table,
)

SHAPES = np.array([shapely.box(0, 0, 5, 5), shapely.box(7, 0, 9, 5)], dtype=object)
COLUMNS = {"id": np.array([1, 2]), "class": np.array(["building"] * 2, object), "height_m": np.array([4.5, np.nan])}
UTM = CRS.from_epsg(32632)


def test_formats_by_name():
    assert vector_format("a/b.GPKG") == "gpkg"
    assert vector_format("b.geoparquet") == vector_format("b.parquet") == "parquet"
    assert vector_format("b.city.json") == "cityjson"
    for name in ("b.json", "b.shp", "city"):
        with pytest.raises(UsageError, match=r"\.gpkg"):
            vector_format(name)


def test_a_geopackage(tmp_path):
    write_table(tmp_path / "new" / "houses.gpkg", SHAPES, COLUMNS, UTM)
    path = tmp_path / "new" / "houses.gpkg"
    assert [tuple(layer) for layer in pyogrio.list_layers(path)] == [("houses", "Polygon")]
    table = geopandas.read_file(path)
    assert table.crs.to_epsg() == 32632
    assert table["height_m"].isna().tolist() == [False, True]
    assert (table.geometry.to_numpy() == SHAPES).all()
    assert [file.name for file in path.parent.iterdir()] == ["houses.gpkg"]


def test_geoparquet_with_boxes(tmp_path):
    path = tmp_path / "houses.parquet"
    write_table(path, SHAPES, COLUMNS, UTM)
    table = geopandas.read_parquet(path)
    assert table.crs.to_epsg() == 32632
    assert table["class"].tolist() == ["building", "building"]
    facts = json.loads(pyarrow.parquet.read_schema(path).metadata[b"geo"])
    assert facts["version"] == "1.1.0"
    assert facts["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert len(geopandas.read_parquet(path, bbox=(6, 0, 9, 9))) == 1


@pytest.mark.parametrize("name", ["none.gpkg", "none.parquet"])
def test_no_polygons(tmp_path, name):
    columns = {"id": np.arange(0), "class": np.array([], object), "area_m2": np.zeros(0)}
    write_table(tmp_path / name, np.array([], object), columns, UTM)
    read = geopandas.read_parquet if name.endswith("parquet") else geopandas.read_file
    assert len(read(tmp_path / name)) == 0


def test_json_is_whole_or_absent(tmp_path):
    write_json(tmp_path / "a.city.json", {"type": "CityJSON", "title": "Gebäude"})
    assert (tmp_path / "a.city.json").read_text(encoding="utf-8") == '{"type":"CityJSON","title":"Gebäude"}'
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.city.json", {"height": float("nan")})
    assert [file.name for file in tmp_path.iterdir()] == ["a.city.json"]


def test_nothing_is_replaced_unasked_and_an_input_never(tmp_path):
    out, source = tmp_path / "out.gpkg", tmp_path / "map.gpkg"
    refuse_existing(out, [source], overwrite=False)
    out.touch()
    source.touch()
    with pytest.raises(UsageError, match="already"):
        refuse_existing(out, [source], overwrite=False)
    refuse_existing(out, [source, "https://nowhere/x.tif"], overwrite=True)
    with pytest.raises(UsageError, match="one of the inputs"):
        refuse_existing(source, [source], overwrite=True)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(UsageError, match=r"landwright\[vector\]"):
        write_table(tmp_path / "a.gpkg", SHAPES, COLUMNS, UTM)


@pytest.mark.parametrize("name", ["a.gpkg", "a.parquet"])
def test_a_folder_that_cannot_be_written(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(DataError):
        write_table(tmp_path / "file" / name, SHAPES, COLUMNS, UTM)


@pytest.mark.parametrize("name", ["a.gpkg", "a.parquet", "a.city.json"])
def test_a_full_disk(tmp_path, name):
    """No file may grow beyond 1000 bytes in a process of its own."""
    script = (
        "import resource, signal, sys\n"
        "import geopandas, numpy, pyogrio, pyarrow, shapely\n"
        "from rasterio.crs import CRS\n"
        "from landwright.errors import DataError\n"
        "from landwright.maps.vector_files import write_json, write_table\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "shapes = numpy.array([shapely.box(at, 0, at + 1, 5) for at in range(500)], object)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    if sys.argv[1].endswith('.city.json'):\n"
        "        write_json(sys.argv[1], {'vertices': list(range(9000))})\n"
        "    else:\n"
        "        write_table(sys.argv[1], shapes, {'id': numpy.arange(500)}, CRS.from_epsg(32632))\n"
        "except DataError as error:\n"
        "    sys.exit(f'refused: {error}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "refused: " in done.stderr
    assert name in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("failure", "says"),
    [(OSError(errno.ENOSPC, "no"), "the disk is full"), (RuntimeError("layer broke"), "layer broke")],
)
def test_failures_of_the_engines_are_explained(tmp_path, monkeypatch, failure, says):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(geopandas.GeoDataFrame, "to_parquet", fail)
    with pytest.raises(DataError, match=rf"a\.parquet.*{says}"):
        write_table(tmp_path / "a.parquet", SHAPES, COLUMNS, UTM)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def in_batches(tmp_path):
    """Writes 30 polygons in three batches."""
    shapes = np.array([shapely.box(10 * at, 0, 10 * at + 5, 5 + at) for at in range(30)], object)

    def write(name):
        path = tmp_path / name
        with table_output(path) as temporary:
            batches = [(shapes[at : at + 10], {"id": np.arange(at, at + 10)}) for at in (0, 10, 20)]
            write_batches(temporary, path, batches, UTM, box=shapely.total_bounds(shapes).tolist())
        return path, shapes

    return write


def test_geoparquet_keeps_to_its_specification(in_batches):
    """What version 1.1 asks of the metadata, of the geometry and of its covering."""
    path, shapes = in_batches("a.parquet")
    table = pyarrow.parquet.read_table(path)
    facts = json.loads(table.schema.metadata[b"geo"])
    assert set(facts) >= {"version", "primary_column", "columns"}
    about = facts["columns"][facts["primary_column"]]
    assert (facts["version"], facts["primary_column"]) == ("1.1.0", "geometry")
    assert (about["encoding"], about["geometry_types"]) == ("WKB", ["Polygon"])
    assert pyproj.CRS.from_json_dict(about["crs"]).to_epsg() == 32632
    assert about["bbox"] == [0, 0, 295, 34]
    assert about["covering"] == {"bbox": {edge: ["bbox", edge] for edge in ("xmin", "ymin", "xmax", "ymax")}}
    boxes = table["bbox"].combine_chunks()
    assert [(field.name, str(field.type)) for field in boxes.type] == [
        (edge, "double") for edge in ("xmin", "ymin", "xmax", "ymax")
    ]
    found = np.column_stack([boxes.field(edge).to_numpy() for edge in range(4)])
    assert (found == shapely.bounds(shapes)).all()
    assert (shapely.from_wkb(table["geometry"].to_numpy()) == shapes).all()
    # Readers skip the row groups whose boxes lie elsewhere.
    groups = pyarrow.parquet.ParquetFile(path).metadata
    (place,) = (at for at in range(groups.num_columns) if groups.row_group(0).column(at).path_in_schema == "bbox.xmin")
    assert [groups.row_group(at).column(place).statistics.min for at in range(groups.num_row_groups)] == [0, 100, 200]


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb"])
def test_gdal_opens_the_others_by_their_index(in_batches, name):
    path, shapes = in_batches(name)
    about = pyogrio.read_info(path)
    assert (about["features"], about["geometry_type"], about["crs"]) == (30, "Polygon", "EPSG:32632")
    assert about["capabilities"]["fast_spatial_filter"]
    found = geopandas.read_file(path, bbox=(101, 0, 124, 5)).sort_values("id")
    assert found["id"].tolist() == [10, 11, 12]
    assert (found.geometry.to_numpy() == shapes[10:13]).all()


def test_a_geopackage_is_sound(in_batches):
    path, _ = in_batches("a.gpkg")
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        assert base.execute("SELECT data_type, srs_id FROM gpkg_contents").fetchall() == [("features", 32632)]
        assert base.execute("SELECT extension_name FROM gpkg_extensions").fetchall() == [("gpkg_rtree_index",)]
