from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas
import pytest
from shapely.geometry import MultiPolygon, Point, box

from landwright.errors import DataError, UsageError
from landwright.rasters.vectors import read_polygons


def feature(geometry: object, **properties: object) -> dict[str, object]:
    shape = None if geometry is None else geometry.__geo_interface__
    return {"type": "Feature", "properties": properties, "geometry": shape}


def write(path: Path, *features: dict[str, object], **members: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def test_geojson(tmp_path: Path) -> None:
    path = write(tmp_path / "a.geojson", feature(box(0, 0, 1, 1), kind="x"), feature(None), feature(box(2, 2, 3, 3)))
    polygons = read_polygons(path)
    assert polygons.crs.to_epsg() == 4326
    assert polygons.properties == [{"kind": "x"}, {}]
    assert [geometry.area for geometry in polygons.geometries] == [1, 1]


@pytest.mark.parametrize(
    ("name", "epsg"),
    [("urn:ogc:def:crs:EPSG::32616", 32616), ("EPSG:3857", 3857), ("urn:ogc:def:crs:OGC:1.3:CRS84", None)],
)
def test_named_reference_system(tmp_path: Path, name: str, epsg: int | None) -> None:
    path = write(tmp_path / "a.json", feature(box(0, 0, 1, 1)), crs={"type": "name", "properties": {"name": name}})
    assert read_polygons(path).crs.to_epsg() == epsg
    assert read_polygons(path).crs.is_geographic == (epsg is None)


def test_single_feature_and_bare_geometry(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(feature(box(0, 0, 1, 1), a=1)))
    assert read_polygons(path).properties == [{"a": 1}]
    path.write_text(json.dumps(MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]).__geo_interface__))
    assert len(read_polygons(path).geometries) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"type": "FeatureCollection"}',
        '{"type": "Feature", "geometry": {"type": "Polygon"}}',
        '{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:-1"}}}',
    ],
)
def test_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(DataError, match="is not GeoJSON"):
        read_polygons(path)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_polygons(tmp_path / "a.gpkg")


def test_points_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.geojson", feature(box(0, 0, 1, 1)), feature(Point(1, 2)))
    with pytest.raises(DataError, match="1 features that are no polygons, such as Point"):
        read_polygons(path)


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".fgb", ".shp"])
def test_tables(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    table = geopandas.GeoDataFrame({"kind": ["x", "y"]}, geometry=[box(0, 0, 1, 1), box(2, 2, 3, 4)], crs="EPSG:32631")
    table.to_parquet(path) if suffix == ".parquet" else table.to_file(path)
    polygons = read_polygons(path)
    assert polygons.crs.to_epsg() == 32631
    assert {(item["kind"], geometry.area) for item, geometry in zip(*polygons[1::-1], strict=True)} == {
        ("x", 1),
        ("y", 2),
    }


def test_several_layers(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    table = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs="EPSG:32631")
    table.to_file(path, layer="one")
    table.to_file(path, layer="two")
    with pytest.raises(DataError, match="several layers: one, two"):
        read_polygons(path)


def test_table_without_reference_system(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)]).to_parquet(path)
    with pytest.raises(DataError, match="no geometry with a CRS"):
        read_polygons(path)


@pytest.mark.parametrize("name", ["a.gpkg", "a.parquet"])
def test_damaged_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="not a readable vector file"):
        read_polygons(path)


def test_extra_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.gpkg"
    path.touch()
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(UsageError, match=r"Install landwright\[vector\]"):
        read_polygons(path)
