from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.rasters import describe

PLACE = Affine(2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0)
RNG = np.random.default_rng(4)


def test_grid_and_statistics(make_raster) -> None:
    values = RNG.integers(1, 200, (2, 40, 50)).astype(np.uint16)
    values[:, :10] = 0
    path = make_raster("a.tif", values, nodata=0, descriptions=["one", "two"], tiled=True, blockxsize=16, blockysize=16)
    found = describe(path)
    assert (found.width, found.height, found.crs, found.gsd, found.dtype) == (50, 40, "EPSG:32631", 2, "uint16")
    assert found.bounds == (500000, 4999920, 500100, 5000000)
    assert (found.nodata, found.nodata_share, found.sampled, found.block) == (0, 0.25, 2000, (16, 16))
    for band, name, used in zip(found.bands, ("one", "two"), values[:, 10:], strict=True):
        assert band.description == name
        assert (band.minimum, band.maximum) == (used.min(), used.max())
        assert (band.mean, band.std) == (pytest.approx(used.mean()), pytest.approx(used.std()))
        assert band.percentiles[50] == np.median(used)
    assert found.labels is None
    json.loads(found.model_dump_json())


def test_large_rasters_are_sampled(make_raster, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package's attribute of that name is the function.
    monkeypatch.setattr(sys.modules["landwright.rasters.describe"], "_SAMPLE_VALUES", 2**20)
    found = describe(make_raster("a.tif", np.tile(np.arange(200, dtype=np.uint8), (1500, 6)), compress="deflate"))
    assert found.sampled <= 2**18
    assert found.bands[0].mean == pytest.approx(99.5, abs=5)


def test_all_nodata(make_raster) -> None:
    found = describe(make_raster("a.tif", np.full((1, 4, 4), np.nan, np.float32), nodata=np.nan))
    assert found.nodata == "nan"
    assert found.nodata_share == 1
    assert found.bands[0].mean is None
    assert "no usable pixel in the sample: all nodata" in found.notes
    assert "NaN" not in found.model_dump_json()


@pytest.fixture
def image(make_raster) -> Path:
    return make_raster("image.tif", np.ones((3, 40, 50), np.uint8), tiled=True, blockxsize=16, blockysize=16)


def test_labels_with_a_legend(make_raster, image: Path) -> None:
    codes = np.zeros((40, 50), np.uint8)
    codes[:10], codes[10:12], codes[12] = 2, 9, 6
    found = describe(image, make_raster("label.tif", codes), load_legend("isprs-6")).labels
    assert found is not None
    assert (found.aligned, found.overlap, found.gsd, found.legend) == ("exact", pytest.approx(1), 2, "isprs-6")
    assert {entry.name: entry.pixels for entry in found.classes if entry.pixels} == {
        "impervious surface": 1350,
        "low vegetation": 500,
    }
    assert len(found.classes) == 6
    assert found.classes[2].share == pytest.approx(500 / 1850)
    assert found.ignored == pytest.approx(50 / 2000)
    assert found.unknown == {"9": 100}


def test_labels_on_another_grid_without_a_legend(make_raster, image: Path) -> None:
    codes = np.full((40, 50), 7, np.uint8)
    path = make_raster("label.tif", codes, transform=PLACE @ Affine.translation(25, 0))
    found = describe(image, path).labels
    assert found is not None
    assert (found.aligned, found.overlap, found.legend, found.classes) == ("warped", pytest.approx(0.5), None, ())
    assert found.unknown == {"7": 1000}


def test_colours_without_a_legend(make_raster, image: Path) -> None:
    found = describe(image, make_raster("label.png", np.full((3, 40, 50), 9, np.uint8))).labels
    assert found is not None
    assert (found.unknown, found.overlap, found.crs) == ({"9,9,9": 2000}, None, None)


def test_polygons(image: Path, tmp_path: Path) -> None:
    ring = [[500000, 4999980], [500020, 4999980], [500020, 5000000], [500000, 5000000], [500000, 4999980]]
    feature = {"type": "Feature", "properties": {"k": "road"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    collection = {
        "type": "FeatureCollection",
        "features": [feature],
        "crs": {"type": "name", "properties": {"name": "EPSG:32631"}},
    }
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection))
    found = describe(image, path, load_legend("loveda"), field="k").labels
    assert found is not None
    assert (found.aligned, found.polygons, found.crs, found.overlap) == ("burnt", 1, "EPSG:32631", None)
    assert found.classes[2].pixels == 100
    bare = describe(image, path).labels
    assert bare is not None
    assert (bare.polygons, bare.classes, bare.ignored) == (1, (), None)
    with pytest.raises(UsageError, match="classes are not known"):
        describe(image, path, load_legend("loveda"))


def test_errors_pass(make_raster, image: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        describe("none.tif")
    with pytest.raises(DataError, match="has 49 x 40 pixels"):
        describe(image, make_raster("label.png", np.zeros((40, 49), np.uint8)))


def test_real(shared: Path) -> None:
    folder = shared / "data" / "dubai_hitl" / "Tile 4"
    part = "image_part_002"
    found = describe(folder / "images" / f"{part}.jpg", folder / "masks" / f"{part}.png", load_legend("dubai-6"))
    assert found.labels is not None
    assert [entry.pixels for entry in found.labels.classes] == [450622, 146857, 105764, 184248, 42263]
    assert describe(shared / "data" / "elevation" / "dc_dtm.tif").nodata_share > 0


def test_labels_that_cover_a_part_are_noted(make_raster, image: Path) -> None:
    codes = np.full((40, 50), 2, np.uint8)
    path = make_raster("label.tif", codes, transform=PLACE @ Affine.translation(40, 0))
    for legend in (None, load_legend("isprs-6")):
        found = describe(image, path, legend).labels
        assert found is not None
        assert found.overlap == pytest.approx(0.2)
        assert found.notes == ("covers 20.0% of the image; the rest is ignored",)


def test_coarse_labels_are_noted(make_raster, image: Path) -> None:
    path = make_raster("label.tif", np.full((9, 9), 2, np.uint8), transform=PLACE @ Affine.scale(45))
    found = describe(image, path, load_legend("isprs-6")).labels
    assert found is not None
    assert found.notes == ("only 0.89 x 1.1 of its pixels lie across the image: they give it hardly any shape",)
