from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import geopandas
import numpy as np
import pytest
from affine import Affine
from rasterio.warp import transform_geom
from shapely.geometry import box

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Crosswalk, load_legend
from landwright.rasters import Tally, Window, open_labels, open_raster

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)  # the grid of `make_raster`

BUILDING = load_legend("building")
LOVEDA = load_legend("loveda")


@pytest.fixture
def like(make_raster):
    with open_raster(make_raster("image.tif", np.zeros((3, 40, 50), np.uint8))) as raster:
        return raster.info


def outline(col: float, row: float, width: float, height: float) -> dict[str, object]:
    """A rectangle given in pixels of the image, in longitude and latitude."""
    x, y = PLACE @ (col, row)
    rectangle = box(x, y - 2 * height, x + 2 * width, y).__geo_interface__
    return transform_geom("EPSG:32631", "EPSG:4326", rectangle)


@pytest.fixture
def write(tmp_path: Path):
    def writer(*polygons: tuple[dict[str, object], dict[str, object]], name: str = "a.geojson") -> Path:
        features = [{"type": "Feature", "geometry": g, "properties": p} for g, p in polygons]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    return writer


def test_two_classes_need_no_options(write, like) -> None:
    with open_labels(write((outline(10, 20, 5, 8), {})), BUILDING, like) as labels:
        expected = np.zeros((40, 50), np.uint8)
        expected[20:28, 10:15] = 1
        np.testing.assert_array_equal(labels.read(), expected)
        np.testing.assert_array_equal(labels.read(Window(22, 12, 10, 10)), expected[22:32, 12:22])
        np.testing.assert_array_equal(labels.read(Window(0, 0, 5, 5)), expected[:5, :5])
        assert labels.aligned == "burnt"


def test_pixel_centres_decide(write, like) -> None:
    with open_labels(write((outline(10.4, 20.6, 5, 8), {})), BUILDING, like) as labels:
        assert np.argwhere(labels.read())[[0, -1]].tolist() == [[21, 10], [28, 14]]


def test_field_of_names_or_codes(write, like) -> None:
    polygons = [(outline(5 * i, 0, 4, 4), {"kind": kind}) for i, kind in enumerate(["Road", 4, "7", None, "", 2.0])]
    with open_labels(write(*polygons), LOVEDA, like, field="kind") as labels:
        assert labels.read()[0, ::5][:7].tolist() == [2, 3, 6, IGNORE, IGNORE, 1, IGNORE]


def test_missing_values_of_tables(tmp_path: Path, like) -> None:
    x, y = PLACE @ (0, 0)
    table = geopandas.GeoDataFrame(
        {"code": [2, None]}, geometry=[box(x, y - 8, x + 8, y), box(x, y - 8, x + 4, y)], crs="EPSG:32631"
    )
    table.to_file(tmp_path / "a.gpkg")
    with open_labels(tmp_path / "a.gpkg", LOVEDA, like, field="code", outside="forest") as labels:
        assert labels.read()[0, :6].tolist() == [IGNORE, IGNORE, 1, 1, 5, 5]


def test_last_polygon_wins_in_every_window(write, like) -> None:
    polygons = [(outline(0, 0, 30, 30), {"k": 1}), (outline(10, 10, 30, 30), {"k": 2}), (outline(5, 5, 8, 8), {"k": 3})]
    with open_labels(write(*polygons), LOVEDA, like, field="k") as labels:
        whole = labels.read()
        assert [whole[2, 2], whole[11, 11], whole[20, 20]] == [0, 2, 1]
        for row in range(0, 40, 10):
            for col in range(0, 50, 10):
                part = labels.read(Window(row, col, 10, 10))
                np.testing.assert_array_equal(part, whole[row : row + 10, col : col + 10])


def test_burn_and_outside(write, like) -> None:
    path = write((outline(0, 0, 10, 10), {}))
    with open_labels(path, LOVEDA, like, burn="water", outside="background") as labels:
        assert labels.read()[[0, 39], [0, 49]].tolist() == [3, 0]
    with open_labels(path, BUILDING, like, outside="ignore") as labels:
        assert labels.read()[[0, 39], [0, 49]].tolist() == [1, IGNORE]


def test_crosswalk(write, like) -> None:
    walk = Crosswalk(name="w", source="building", target="loveda", rules={0: "ignore", 1: 2})
    with open_labels(write((outline(0, 0, 10, 10), {})), LOVEDA, like, crosswalk=walk) as labels:
        assert labels.read()[[0, 39], [0, 49]].tolist() == [1, IGNORE]


def test_unknown_classes(write, like) -> None:
    polygons = [
        (outline(0, 0, 10, 10), {"k": "lake"}),
        (outline(20, 0, 10, 10), {"k": "lake"}),
        (outline(0, 20, 5, 5), {"k": 2}),
    ]
    with open_labels(write(*polygons), LOVEDA, like, field="k") as labels:
        with pytest.raises(DataError, match=r"classes that legend loveda does not have: 'lake' \(2 polygons\)"):
            labels.read()
        tally = Tally()
        labels.count(tally)
        assert (tally.classes, tally.unknown, tally.ignored) == ({1: 25}, {"lake": 200}, 1775)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"field": "k", "burn": "water"}, "exclude each other"),
        ({}, "classes are not known among the 7"),
        ({"burn": "lake"}, "no class 'lake'"),
        ({"field": "none"}, r"no polygon has an attribute 'none'.*There are k"),
        ({"burn": "water", "outside": "lake"}, "no class 'lake'"),
    ],
)
def test_wrong_options(write, like, options: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        open_labels(write((outline(0, 0, 10, 10), {"k": 1})), LOVEDA, like, **options)


def test_elsewhere(write, like) -> None:
    with pytest.raises(DataError, match="no polygon lies on the image"):
        open_labels(write((outline(500, 500, 10, 10), {})), BUILDING, like)


def test_coordinates_that_do_not_fit(write, like) -> None:
    with pytest.raises(DataError, match="not valid in its reference system"):
        open_labels(write((box(5e5, 5e6, 5e5 + 9, 5e6 + 9).__geo_interface__, {})), BUILDING, like)


def test_tile_between_polygons(write, like) -> None:
    path = write((outline(-30, -30, 10, 10), {"k": "lake"}), (outline(90, 90, 10, 10), {"k": 2}))
    with open_labels(path, LOVEDA, like, field="k", outside="forest") as labels:
        assert np.unique(labels.read()).tolist() == [5]


def test_changed_file_is_read_again(write, like) -> None:
    for size in (3, 5):
        path = write((outline(0, 0, size, size), {}))
        os.utime(path, ns=(0, size))
        with open_labels(path, BUILDING, like) as labels:
            assert labels.read().sum() == size * size


def test_no_polygons_at_all(write, like) -> None:
    with open_labels(write(), BUILDING, like) as labels:
        assert not labels.read().any()
        assert labels.notes == ("holds no polygons: all ground is outside",)


def test_image_without_georeference(write, make_raster) -> None:
    with open_raster(make_raster("a.png", np.zeros((3, 4, 4), np.uint8))) as raster:
        like = raster.info
    with pytest.raises(DataError, match="which has no georeference"):
        open_labels(write((outline(0, 0, 10, 10), {})), BUILDING, like)


def test_rotated_image(write, make_raster) -> None:
    turned = PLACE @ Affine.translation(20, 5) @ Affine.rotation(30)
    with open_raster(make_raster("a.tif", np.zeros((1, 30, 30), np.uint8), transform=turned)) as raster:
        like = raster.info
    with open_labels(write((outline(18, 15, 9, 7), {})), BUILDING, like) as labels:
        read = labels.read()
    rows, cols = np.mgrid[:30, :30] + 0.5
    back = ~PLACE @ turned
    x, y = back.a * cols + back.b * rows + back.c, back.d * cols + back.e * rows + back.f
    expected = (x > 18) & (x < 27) & (y > 15) & (y < 22)
    assert (read == expected).mean() > 0.995


def test_pickle(write, like) -> None:
    with open_labels(write((outline(3, 4, 10, 10), {})), BUILDING, like) as labels:
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(labels)).read(), labels.read())


def test_real_kampala(shared: Path) -> None:
    folder = shared / "data" / "kampala_oam"
    with open_raster(folder / "test.tif") as image:
        like = image.info
    with open_labels(folder / "test_buildings.geojson", BUILDING, like) as labels:
        whole = labels.read()
        parts = [labels.read(Window(row, 0, min(100, 1024 - row), 768)) for row in range(0, 1024, 100)]
    assert whole.mean() == pytest.approx(0.316, abs=1e-3)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_real_spacenet_with_its_own_reference_system(shared: Path) -> None:
    folder = shared / "data" / "spacenet4_atlanta"
    with open_raster(folder / "sample_geotiff.tif") as image:
        like, pixels = image.info, image.read()
    with open_labels(folder / "geotiff_labels.geojson", BUILDING, like) as labels:
        mask = labels.read()
    assert pixels.dtype == np.uint16
    assert mask.mean() == pytest.approx(0.0418, abs=1e-3)
