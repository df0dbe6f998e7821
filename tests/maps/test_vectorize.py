from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.maps import VectorOptions, vectorize_map
from landwright.world import make_scene

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)


def write(path: Path, values: np.ndarray, *, legend: str | None = None, **options) -> Path:
    profile = {"driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1]}
    place = {"crs": "EPSG:32632", "transform": PLACE} | options
    with rasterio.open(path, "w", dtype=values.dtype, **profile, **place) as file:
        file.write(values, 1)
        if legend is not None:
            classes = load_legend(legend)
            file.set_band_description(1, f"classes: {legend}")
            entries = [
                {"value": entry.code, "name": entry.name, "color": "{:02X}{:02X}{:02X}".format(*entry.colour)}
                for entry in classes.classes
            ]
            file.update_tags(CLASSES=json.dumps(entries))
    return path


@pytest.fixture
def town(tmp_path, monkeypatch) -> Path:
    """Four buildings: one as it should be, one without heights, one flat, and one that is too small."""
    monkeypatch.chdir(tmp_path)
    codes = np.full((100, 100), 5, np.uint8)
    heights = np.zeros((100, 100), np.float32)
    codes[10:30, 10:30] = codes[10:30, 50:70] = codes[50:70, 10:30] = codes[90:92, 90:92] = 8
    heights[10:30, 10:30] = 7
    heights[10:30, 50:70] = np.nan
    write(tmp_path / "map.tif", codes, legend="openearthmap-8", nodata=0)
    write(tmp_path / "bare.tif", codes)
    write(tmp_path / "height.tif", heights)
    write(tmp_path / "ground.tif", np.full((100, 100), 120, np.float32))
    return tmp_path


def test_polygons_alone(town):
    result = vectorize_map("map.tif", "out.gpkg")
    assert (result.category, result.code, result.polygons, result.small) == ("building", 8, 3, 1)
    assert result.area == pytest.approx(300)
    assert result.volume is result.unknown is result.baseless is result.flat is None
    table = geopandas.read_file("out.gpkg")
    assert table.columns.tolist() == ["id", "class", "code", "area_m2", "geometry"]
    assert table["id"].tolist() == [1, 2, 3]
    assert table.crs.to_epsg() == 32632


def test_buildings_as_a_table(town):
    result = vectorize_map("map.tif", "out.parquet", height="height.tif", ground="ground.tif")
    assert (result.written, result.unknown, result.baseless, result.flat) == (3, 1, 0, 1)
    assert result.volume == pytest.approx(700)
    assert json.loads(json.dumps(result.to_dict()))["path"] == "out.parquet"
    table = geopandas.read_parquet("out.parquet")
    first, unknown, flat = (table.iloc[place] for place in range(3))
    assert first[["base_m", "height_m", "roof_m", "mean_m", "volume_m3", "block_m3", "pixels", "known"]].tolist() == [
        120, 7, 127, 7, 700, 700, 400, 1
    ]  # fmt: skip
    assert np.isnan(unknown["height_m"])
    assert np.isnan(unknown["volume_m3"])
    assert (unknown["pixels"], unknown["known"]) == (0, 0)
    assert flat["height_m"] == 0


def test_buildings_as_blocks(town):
    result = vectorize_map("map.tif", "out.city.json", height="height.tif", ground="ground.tif")
    assert (result.polygons, result.written) == (3, 1)
    content = json.loads(Path("out.city.json").read_text())
    assert content["metadata"]["title"] == "map.tif: building"
    (name, building), *_ = content["CityObjects"].items()
    assert name == "building-1"
    assert building["type"] == "Building"
    assert building["attributes"] == {
        "id": 1, "class": "building", "area_m2": 100.0, "base_m": 120.0, "height_m": 7.0, "roof_m": 127.0,
        "mean_m": 7.0, "volume_m3": 700.0, "block_m3": 700.0, "pixels": 400.0, "known": 1.0,
    }  # fmt: skip
    assert content["metadata"]["geographicalExtent"][2::3] == [120, 127]


def test_classes_by_name_and_by_code(town):
    assert vectorize_map("map.tif", "a.gpkg", options=VectorOptions("Tree")).code == 5
    assert vectorize_map("map.tif", "b.gpkg", options=VectorOptions("8")).category == "building"
    assert vectorize_map("bare.tif", "c.gpkg", options=VectorOptions(8)).category == "8"
    with pytest.raises(UsageError, match=r"no class 'roof'.*building \(8\)"):
        vectorize_map("map.tif", "d.gpkg", options=VectorOptions("roof"))
    with pytest.raises(UsageError, match=r"'building' is not known.*--class CODE"):
        vectorize_map("bare.tif", "d.gpkg")
    assert not (town / "d.gpkg").exists()


@pytest.mark.parametrize("name", ["out.gpkg", "out.parquet", "out.city.json"])
def test_a_map_without_buildings(town, name):
    codes = np.full((100, 100), 5, np.uint8)
    write(town / "map.tif", codes, legend="openearthmap-8")
    result = vectorize_map("map.tif", name, height="height.tif", ground="ground.tif")
    assert (result.polygons, result.written, result.area, result.volume) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"min_area": -1}, "smallest area"),
        ({"min_area": float("nan")}, "smallest area"),
        ({"simplify": -0.1}, "cannot move"),
        ({"percentile": 0}, "percentile 0"),
        ({"percentile": 101}, "percentile 101"),
    ],
)
def test_options_out_of_range(options, says):
    with pytest.raises(UsageError, match=says):
        VectorOptions(**options)


def test_what_does_not_go_together(town):
    with pytest.raises(UsageError, match="CityJSON is of no use without heights"):
        vectorize_map("map.tif", "out.city.json")
    with pytest.raises(UsageError, match="terrain model is of no use without heights"):
        vectorize_map("map.tif", "out.gpkg", ground="ground.tif")
    codes = np.full((20, 20), 8, np.uint8)
    write(town / "degrees.tif", codes, crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 50))
    with pytest.raises(DataError, match="projected"):
        vectorize_map("degrees.tif", "out.city.json", height="height.tif", options=VectorOptions(8))
    vectorize_map("map.tif", "out.gpkg")
    with pytest.raises(UsageError, match="already"):
        vectorize_map("map.tif", "out.gpkg")
    vectorize_map("map.tif", "out.gpkg", options=VectorOptions(overwrite=True))


@pytest.mark.parametrize("name", ["out.gpkg", "out.parquet", "out.fgb"])
def test_all_classes_with_confidence_and_heights(town, name):
    write(town / "map_confidence.tif", np.full((100, 100), 80, np.uint8), nodata=255)
    result = vectorize_map("map.tif", name, height="height.tif", options=VectorOptions("all", min_area=0))
    assert (result.code, result.confidence, result.classes) == (
        None,
        Path("map_confidence.tif"),
        {"building": 4, "tree": 1},
    )
    read = geopandas.read_parquet if name.endswith("parquet") else geopandas.read_file
    table = read(name).sort_values("id", ignore_index=True)
    assert table.columns[:-1].tolist() == ["id", "class", "code", "area_m2", "confidence", "mean_m", "max_m", "pixels"]
    assert table["class"].tolist() == ["tree", *["building"] * 4]
    assert table["code"].tolist() == [5, 8, 8, 8, 8]
    assert (table["confidence"] == 80).all()
    assert table["max_m"].tolist()[1] == 7
    assert np.isnan(table["max_m"].tolist()[2])
    assert table["area_m2"].sum() == 2500
    assert table.crs.to_epsg() == 32632
    assert not [file for file in town.iterdir() if file.name.startswith(".")]


def test_several_classes_and_no_confidence(town):
    write(town / "map_confidence.tif", np.full((100, 100), 80, np.uint8), nodata=255)
    options = VectorOptions(("building", "5"), confidence=False, simplify=0)
    result = vectorize_map("map.tif", "out.fgb", options=options)
    assert (result.category, result.polygons, result.small, result.confidence) == ("building, tree", 4, 1, None)
    bare = vectorize_map("bare.tif", "bare.fgb", options=VectorOptions("all", simplify=0))
    assert bare.classes == {"5": 1, "8": 3}


def test_right_angles(town):
    result = vectorize_map("map.tif", "out.gpkg", options=VectorOptions(8, regularize=True))
    assert (result.polygons, result.regular, result.area) == (3, 3, 300)
    assert geopandas.read_file("out.gpkg")["right_angled"].all()
    with pytest.raises(UsageError, match="common borders"):
        VectorOptions("all", regularize=True)
    degrees = write(
        town / "d.tif", np.ones((9, 9), np.uint8), crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 50)
    )
    with pytest.raises(DataError, match="degrees"):
        vectorize_map(degrees, "d.gpkg", options=VectorOptions(1, regularize=True))


def test_what_is_for_one_class(town):
    for name, ground, says in (
        ("a.city.json", None, "CityJSON is for"),
        ("a.gpkg", "ground.tif", "terrain model is for"),
    ):
        with pytest.raises(UsageError, match=says):
            vectorize_map("map.tif", name, height="height.tif", ground=ground, options=VectorOptions("all"))


@pytest.mark.slow
def test_attributes_do_not_depend_on_the_blocks(town, monkeypatch):
    rng = np.random.default_rng(0)
    write(town / "noise.tif", rng.integers(1, 4, (100, 100)).astype(np.uint8))
    write(town / "noise_confidence.tif", rng.integers(0, 101, (100, 100)).astype(np.uint8))
    for side in (100, 50, 34, 25):
        monkeypatch.setattr("landwright.maps.vectorize.BLOCK", side)
        options = VectorOptions("all", min_area=0, simplify=0)
        vectorize_map("noise.tif", f"{side}.parquet", height="height.tif", options=options)
        assert Path(f"{side}.parquet").read_bytes() == Path("100.parquet").read_bytes()


def test_volumes_of_the_world(tmp_path):
    """Land cover and height of one scene: the volume of all buildings is that of their pixels."""
    scene = make_scene(3, size=256)
    place = {"crs": scene.crs, "transform": scene.transform}
    codes = write(tmp_path / "map.tif", scene.classes, **place)
    height = write(tmp_path / "height.tif", scene.height, **place)
    result = vectorize_map(
        codes, tmp_path / "out.gpkg", height=height, options=VectorOptions(8, min_area=0, simplify=0)
    )
    pixel = abs(scene.transform.determinant)
    assert result.volume == pytest.approx(scene.height[scene.classes == 8].sum() * pixel, rel=1e-4)
    assert result.area == pytest.approx((scene.classes == 8).sum() * pixel)
