"""Files of tags: CSV, vector files, STAC items."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, mapping

from landwright.data.tag_files import read_tag_file, split_tags
from landwright.errors import DataError, UsageError


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def collection(path: Path, *features: dict[str, Any]) -> Path:
    entries = [{"type": "Feature", "geometry": mapping(Point(9, 48)), **feature} for feature in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": entries}))
    return path


def said(path: Path, field: str | None = None) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(row.images, row.tags) for row in read_tag_file(path, field).rows]


@pytest.mark.parametrize(
    ("cell", "tags"),
    [("a; b  c;;", ("a", "b c")), (["a", "b "], ("a", "b")), (None, ()), (float("nan"), ()), (3, ("3",)), ("", ())],
)
def test_cells(cell: Any, tags: tuple[str, ...]) -> None:
    assert split_tags(cell) == tags


def test_csv_with_and_without_names_of_columns(tmp_path: Path) -> None:
    wanted = [(("a.png",), ("road", "tree")), (("b.png",), ())]
    assert said(csv(tmp_path / "plain.csv", "a.png,road;tree", "", "b.png,")) == wanted
    assert said(csv(tmp_path / "short.csv", "a.png,road;tree", "b.png")) == wanted
    pairs = csv(tmp_path / "pairs.csv", "\ufeffimage,label,Tags,split", "a.png,a_l.png,road;tree,train", "b.png")
    assert said(pairs) == wanted
    assert said(csv(tmp_path / "other.csv", "image_fn,Seen", "a.png,road;tree", "b.png,"), "seen") == wanted
    assert said(csv(tmp_path / "ends.csv", "image,tags", "a.png,road;tree,", "b.png,,  ")) == wanted


def test_the_case_of_a_column_does_not_matter(tmp_path: Path) -> None:
    file = csv(tmp_path / "named.csv", "file,Seen", "a.png,road")
    for field in ("seen", "Seen", " SEEN "):
        with pytest.raises(DataError, match="has no column image"):
            read_tag_file(file, field)


def test_tags_apart_by_commas_are_not_lost(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2 has 3 cells, but there are 2 columns") as caught:
        read_tag_file(csv(tmp_path / "tags.csv", "image,tags", "a,ship,storage tank"))
    assert "semicolons" in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["image,text", "a,b"], "has no column tags or tag"),
        (["file,tags", "a,b"], "has no column image"),
        (["a,road,tree"], "line 1 is not image,tag;tag"),
        (["a,road", ",tree"], "line 2 is not image,tag;tag"),
        (["image,tags", ",road"], "line 2 names no image"),
        ([], "is empty"),
    ],
)
def test_csv_files_that_are_wrong(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read_tag_file(csv(tmp_path / "tags.csv", *lines))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_tag_file(tmp_path / "tags.csv")
    with pytest.raises(UsageError, match="no file of tags"):
        read_tag_file(tmp_path / "tags.xlsx")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="cannot be read"):
        read_tag_file(tmp_path / "bytes.csv")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        read_tag_file(tmp_path / "broken.json")


def test_features_that_name_their_image(tmp_path: Path) -> None:
    path = collection(
        tmp_path / "tags.geojson",
        {"properties": {"image": "a.png", "tags": "road;tree"}},
        {"properties": {"image": "b.png", "tags": None}},
    )
    assert said(path) == [(("a.png",), ("road", "tree")), (("b.png",), ())]
    assert read_tag_file(path).crs is None
    with pytest.raises(UsageError, match="no feature has an attribute seen") as caught:
        read_tag_file(path, "seen")
    assert "there are image, tags" in str(caught.value)
    unnamed = collection(tmp_path / "unnamed.geojson", {"properties": {"image": "", "tags": "road"}})
    with pytest.raises(DataError, match="feature 1 has no image"):
        read_tag_file(unnamed)


def test_features_with_a_place(tmp_path: Path) -> None:
    path = collection(
        tmp_path / "tags.geojson",
        {"properties": {"kind": "road"}},
        {"properties": {"kind": "tree"}, "geometry": None},
    )
    found = read_tag_file(path, "kind")
    assert found.crs is not None and found.crs.to_epsg() == 4326
    assert [(row.images, row.tags, row.place) for row in found.rows] == [((), ("road",), Point(9, 48))]
    with pytest.raises(DataError, match="no attributes"):
        read_tag_file(collection(tmp_path / "bare.geojson", {"properties": {}}))


def test_a_table_of_features(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas", reason="the extra `vector` is not installed")
    table = geopandas.GeoDataFrame({"tag": ["road"], "image": ["a.png"]}, geometry=[Point(1, 2)], crs="EPSG:32632")
    table.to_file(tmp_path / "tags.gpkg")
    assert said(tmp_path / "tags.gpkg") == [(("a.png",), ("road",))]


def test_stac_items(tmp_path: Path) -> None:
    item = {"stac_version": "1.1.0", "id": "scene-1", "assets": {"visual": {"href": "./a.tif"}, "other": {}}}
    path = tmp_path / "item.json"
    path.write_text(json.dumps({"type": "Feature", **item, "properties": {"keywords": ["road", "tree"], "seen": "x"}}))
    assert said(path) == [(("./a.tif", "scene-1"), ("road", "tree"))]
    assert said(path, "seen") == [(("./a.tif", "scene-1"), ("x",))]
    both = collection(tmp_path / "items.geojson", {**item, "properties": {"tags": "road", "keywords": []}})
    assert said(both) == [(("./a.tif", "scene-1"), ("road",))]
    with pytest.raises(UsageError, match="item scene-1 has no property mood"):
        read_tag_file(both, "mood")
