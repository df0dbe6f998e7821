from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from rasterio.enums import ColorInterp, Resampling
from rio_cogeo.cogeo import cog_validate
from torch import Tensor, nn

from landwright.bundles import Bundle, Normalization, ScoreCard
from landwright.engine import BLENDS, PredictOptions, predict_raster
from landwright.errors import DataError, UsageError
from landwright.networks import Outputs

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def indices(height: int = 150, width: int = 200, seed: int = 0) -> np.ndarray:
    """Blobs of classes 0 to 3."""
    coarse = np.random.default_rng(seed).integers(0, 4, (1, height // 10 + 1, width // 10 + 1), dtype=np.uint8)
    return coarse.repeat(10, 1).repeat(10, 2)[:, :height, :width]


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize(("height", "width"), [(150, 200), (1, 90), (90, 1), (7, 5), (101, 97), (1, 1)])
def test_the_map_of_an_identity_model_is_the_image(
    write: Any, bundle: Bundle, tmp_path: Path, height: int, width: int, blend: Any
) -> None:
    if blend == "rs3dada" and min(height, width) <= 32 - 19:
        with pytest.raises(DataError, match=r"no window where a side is 13 pixels or shorter.*--blend cosine"):
            predict_raster(
                bundle,
                write(indices(height, width)),
                tmp_path / "map.tif",
                options=PredictOptions(tile=32, overlap=0.4, blend=blend),
            )
        assert left(tmp_path) == {"image.tif"}
        return
    image = indices(height, width)
    out = tmp_path / "out" / "map.tif"
    result = predict_raster(bundle, write(image), out, options=PredictOptions(tile=32, overlap=0.4, blend=blend))
    np.testing.assert_array_equal(read(out), image[0] + 10)
    assert result.confidence is not None
    assert (read(result.confidence) == 100).all()
    assert result.valid == height * width
    assert left(tmp_path / "out") == {"map.tif", "map.qml", "map_confidence.tif", "map_confidence.qml"}
    for path in (out, result.confidence):
        assert cog_validate(path, quiet=True) == (True, [], [])


def test_the_map_is_placed_described_and_coloured(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    scores = (ScoreCard(protocol="pixel-pooled", data="val of blobs", values={"miou": 0.5}),)
    bundle = replace(bundle, card=bundle.card.model_copy(update={"scores": scores}))
    image, out = write(indices()), tmp_path / "map.tif"
    result = predict_raster(bundle, image, out)
    with rasterio.open(image) as source, rasterio.open(out) as file:
        assert file.crs == source.crs
        assert file.transform == source.transform
        assert file.dtypes == ("uint8",)
        assert file.nodata == 255
        assert file.colorinterp == (ColorInterp.palette,)
        colours, tags = file.colormap(1), file.tags()
        assert file.descriptions == ("classes: four",)
    for entry in bundle.legend.classes:
        assert colours[entry.code] == (*entry.colour, 255)
    assert colours[255][3] == 0
    assert tags["MODEL"] == "nearest"
    assert tags["MODEL_WEIGHTS_SHA256"] == "ab" * 32
    assert tags["MODEL_RECIPE_SHA256"] == "cd" * 32
    assert tags["SOURCE"] == "image.tif"
    assert tags["TIFFTAG_SOFTWARE"].startswith("landwright ")
    assert json.loads(tags["MODEL_SCORES"])[0]["protocol"] == "pixel-pooled"
    assert json.loads(tags["CLASSES"])[1] == {"value": 11, "name": "grass & trees", "color": "00C800"}
    assert json.loads(tags["SETTINGS"])["tile"] == 64
    assert result.confidence is not None
    with rasterio.open(result.confidence) as file:
        assert file.nodata == 255
        assert "percent" in file.descriptions[0]
        assert file.units == ("%",)


def test_overviews_hold_classes_only(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image, out = write(indices(1100, 700)), tmp_path / "map.tif"
    predict_raster(bundle, image, out, options=PredictOptions(tile=512, confidence=False))
    with rasterio.open(out) as file:
        assert file.overviews(1) == [2, 4]
        small = file.read(1, out_shape=(275, 175), resampling=Resampling.nearest)
    assert set(np.unique(small)) <= {10, 11, 12, 13}
    assert left(tmp_path) == {"image.tif", "map.tif", "map.qml"}


def test_nodata_stays_nodata_and_reaches_no_further(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = indices()
    image[0, 40:60, 30:90] = 99
    image[0, :, 190:] = 99
    result = predict_raster(bundle, write(image, nodata=99), tmp_path / "map.tif")
    expected = np.where(image[0] == 99, 255, image[0] + 10)
    np.testing.assert_array_equal(read(result.path), expected)
    assert result.confidence is not None
    np.testing.assert_array_equal(read(result.confidence), np.where(image[0] == 99, 255, 100))
    assert result.valid == (image != 99).sum()


def test_nan_and_infinity_do_not_spread(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    class Blurred(nn.Module):
        def forward(self, x: Tensor) -> Outputs:
            x = nn.functional.avg_pool2d(x, 5, 1, 2)
            return Outputs(torch.cat([x, -x, x * 0 - 9, x * 0 - 9], dim=1))

    image = np.ones((1, 100, 100), np.float32)
    image[0, 20, 20], image[0, 50:52, 70] = np.nan, np.inf
    result = predict_raster(replace(bundle, network=Blurred()), write(image), tmp_path / "map.tif")
    codes = read(result.path)
    np.testing.assert_array_equal(codes == 255, ~np.isfinite(image[0]))
    assert set(np.unique(codes)) == {10, 255}


def test_bands_are_chosen_in_the_order_of_the_network(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = indices()
    path = write(np.concatenate([image * 0 + 3, image, image * 0 + 2]), photometric="MINISBLACK")
    with pytest.raises(DataError, match="3 bands but the model takes 1"):
        predict_raster(bundle, path, tmp_path / "map.tif")
    result = predict_raster(bundle, path, tmp_path / "map.tif", options=PredictOptions(bands=[2]))
    np.testing.assert_array_equal(read(result.path), image[0] + 10)
    with rasterio.open(result.path) as file:
        assert json.loads(file.tags()["SETTINGS"])["bands"] == [2]


@pytest.mark.parametrize("tta", ["flip", "d4"])
def test_augmentation_leaves_a_symmetric_model_as_it_is(write: Any, bundle: Bundle, tmp_path: Path, tta: Any) -> None:
    image = indices()
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=PredictOptions(tta=tta))
    np.testing.assert_array_equal(read(result.path), image[0] + 10)


def test_an_area_of_interest_limits_map_and_work(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = indices(400, 300)
    ring = [[500_010, 5_299_990], [500_030, 5_299_990], [500_030, 5_299_980], [500_010, 5_299_980]]
    area = tmp_path / "area.geojson"
    named = {"type": "name", "properties": {"name": "EPSG:32632"}}
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]], "crs": named}))
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=PredictOptions(aoi=area))
    expected = np.full((400, 300), 255)
    expected[20:40, 20:60] = image[0, 20:40, 20:60] + 10
    np.testing.assert_array_equal(read(result.path), expected)
    assert result.windows < 5
    assert result.skipped > 30


def test_an_area_on_nodata_is_an_error(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = indices(100, 100)
    image[0, :50] = 99
    area = tmp_path / "area.geojson"
    named = {"type": "name", "properties": {"name": "EPSG:32632"}}
    ring = [[500_010, 5_299_990], [500_030, 5_299_990], [500_030, 5_299_980], [500_010, 5_299_990]]
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring], "crs": named}))
    with pytest.raises(DataError, match="no valid pixel inside"):
        predict_raster(bundle, write(image, nodata=99), tmp_path / "map.tif", options=PredictOptions(aoi=area))
    assert left(tmp_path) == {"image.tif", "area.geojson"}


def test_a_scene_of_nodata_is_an_error_and_leaves_nothing(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no valid pixel"):
        predict_raster(bundle, write(np.zeros((1, 90, 90), np.uint8), nodata=0), tmp_path / "new" / "map.tif")
    assert left(tmp_path) == {"image.tif"}


def test_no_georeference_is_allowed_and_said(bundle: Bundle, tmp_path: Path) -> None:
    image, path = indices(), tmp_path / "image.png"
    with rasterio.open(path, "w", driver="PNG", count=1, height=150, width=200, dtype="uint8") as file:
        file.write(image)
    result = predict_raster(bundle, path, tmp_path / "map.tif")
    np.testing.assert_array_equal(read(result.path), image[0] + 10)
    assert any("no georeference" in warning for warning in result.warnings)
    assert cog_validate(result.path, strict=True, quiet=True)[0]


def test_existing_files_are_kept_unless_asked(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = write(indices())
    (tmp_path / "map.qml").write_text("mine")
    with pytest.raises(UsageError, match="already"):
        predict_raster(bundle, image, tmp_path / "map.tif")
    assert (tmp_path / "map.qml").read_text() == "mine"
    predict_raster(bundle, image, tmp_path / "map.tif", options=PredictOptions(overwrite=True))
    assert "paletted" in (tmp_path / "map.qml").read_text()
    with pytest.raises(UsageError, match="one of the inputs"):
        predict_raster(bundle, image, image, options=PredictOptions(overwrite=True))


def test_a_raster_cut_short_is_an_error_and_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    pixels = np.random.default_rng(0).integers(0, 4, (1, 800, 800), dtype=np.uint8)
    with rasterio.open(image, "w", driver="GTiff", count=1, height=800, width=800, dtype="uint8") as file:
        file.write(pixels)
    os.truncate(image, 300_000)
    with pytest.raises(DataError) as error:
        predict_raster(bundle, image, tmp_path / "map.tif")
    assert error.value.path == str(image)
    assert left(tmp_path) == {"image.tif"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError("no memory"), RuntimeError("cuda")])
def test_an_interruption_leaves_nothing_and_no_thread(
    write: Any, bundle: Bundle, tmp_path: Path, error: BaseException
) -> None:
    def progress(done: int, total: int) -> None:
        if done > total // 2:
            raise error

    with pytest.raises(type(error)):
        predict_raster(bundle, write(indices(900, 200)), tmp_path / "map.tif", progress=progress)
    assert left(tmp_path) == {"image.tif"}
    assert not any(thread.name.startswith("landwright") for thread in threading.enumerate())


def test_old_maps_survive_a_failure(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image, out = write(indices(seed=1)), tmp_path / "map.tif"
    predict_raster(bundle, image, out)
    before = {path: path.read_bytes() for path in tmp_path.glob("map*")}

    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_raster(bundle, image, out, options=PredictOptions(overwrite=True), progress=progress)
    assert {path: path.read_bytes() for path in tmp_path.glob("*map*")} == before


def test_sixteen_bit_and_float_images(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    scaling = Normalization(divide=1000.0, mean=(0.0,), std=(0.001,))
    bundle = replace(bundle, card=bundle.card.model_copy(update={"normalization": scaling}))
    image = indices()
    for dtype in ("uint16", "int16", "float32", "float64"):
        result = predict_raster(bundle, write(image.astype(dtype), f"{dtype}.tif"), tmp_path / f"{dtype}_map.tif")
        np.testing.assert_array_equal(read(result.path), image[0] + 10)


def test_two_classes_from_one_logit(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    class Foreground(nn.Module):
        def forward(self, x: Tensor) -> Outputs:
            return Outputs(x - 1.5)

    legend = bundle.legend.model_copy(update={"classes": bundle.legend.classes[:2]})
    network = bundle.card.network.model_copy(update={"classes": 1})
    card = bundle.card.model_copy(update={"legend": legend, "network": network})
    image = indices()
    result = predict_raster(Bundle(card, Foreground()), write(image), tmp_path / "map.tif")
    np.testing.assert_array_equal(read(result.path), np.where(image[0] > 1, 11, 10))
