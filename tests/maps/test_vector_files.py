from __future__ import annotations

import errno
import json
import subprocess
import sys

import geopandas
import numpy as np
import pyarrow.parquet
import pyogrio
import pytest
import shapely
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError
from landwright.maps.vector_files import refuse_existing, vector_format, write_json, write_table

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
