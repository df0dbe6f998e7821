"""Height maps on disk: alone, beside classes, and as the difference of two dates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from rio_cogeo.cogeo import cog_validate
from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.engine import PredictOptions, predict_raster
from landwright.errors import DataError, UsageError
from landwright.legends import Crosswalk, load_crosswalk
from landwright.networks import Outputs

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
SKEW = 0.125


class Metres(nn.Module):
    """The first band is the nearest class, and with ``base`` the height; ``skew`` is added in the left half."""

    def __init__(self, *, classes: bool = True, skew: float = 0.0, base: float = 0.0) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(4, dtype=torch.float32)[:, None, None])
        self.classes, self.skew, self.base = classes, skew, base

    def forward(self, image: Tensor) -> Outputs:
        height = image[:, :1] + self.base
        height[..., : height.shape[-1] // 2] += self.skew
        return Outputs(-50.0 * (image[:, :1] - self.indices).abs() if self.classes else None, height=height)


def with_heights(bundle: Bundle, *, classes: bool = True, **settings: float) -> Bundle:
    outputs = ("classes", "height") if classes else ("height",)
    return Bundle(bundle.card.model_copy(update={"outputs": outputs}), Metres(classes=classes, **settings))


def surface(seed: int = 0, height: int = 150, width: int = 200) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(-1, 4, (1, height // 10 + 1, width // 10 + 1))
    return coarse.repeat(10, 1).repeat(10, 2)[:, :height, :width].astype(np.float32)


def read(path: Path | None) -> np.ndarray:
    assert path is not None
    with rasterio.open(path) as file:
        return file.read(1)


def test_classes_and_heights_come_of_one_pass(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = surface()
    path = write(image, nodata=2)
    bundle = with_heights(bundle)
    calls: list[int] = []
    bundle.network.register_forward_hook(lambda *_: calls.append(1))
    result = predict_raster(bundle, path, tmp_path / "out" / "map.tif")
    assert len(calls) == result.windows
    known = image[0] != 2
    np.testing.assert_array_equal(read(result.path), np.where(known, image[0].clip(0) + 10, 255))
    expected = np.where(known, image[0].clip(0), -9999)
    np.testing.assert_allclose(read(result.height_map), expected, atol=1e-6)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        f"map{part}.{kind}" for part in ("", "_confidence", "_height") for kind in ("tif", "qml")
    }
    assert set(result.paths) == set((tmp_path / "out").iterdir())
    told = result.to_dict()
    assert told["height_map"] == str(tmp_path / "out" / "map_height.tif")
    assert told["height_spread"] is None
    for raster in (result.path, result.height_map):
        assert cog_validate(raster, quiet=True) == (True, [], [])


def test_a_height_map_is_described_and_coloured(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    path = write(surface(height=700, width=600))
    bundle = with_heights(bundle, classes=False)
    result = predict_raster(bundle, path, tmp_path / "map.tif", options=PredictOptions(tile=512))
    assert result.path == result.height_map
    assert result.confidence is None
    assert {file.name for file in tmp_path.iterdir()} == {"image.tif", "map.tif", "map.qml"}
    with rasterio.open(path) as source, rasterio.open(result.path) as file:
        assert (file.crs, file.transform) == (source.crs, source.transform)
        assert file.dtypes == ("float32",)
        assert file.nodata == -9999
        assert file.units == ("m",)
        assert "metres" in file.descriptions[0]
        assert file.overviews(1)
        tags = file.tags()
        means = file.read(1, out_shape=(350, 300))
    assert not np.isin(means, np.arange(4)).all(), "overviews are averages"
    assert "CLASSES" not in tags
    assert tags["MODEL"] == "nearest"
    assert json.loads(tags["RENDERS"])["height"]["rescale"] == [[0, 30]]
    assert "singlebandpseudocolor" in (tmp_path / "map.qml").read_text()


@pytest.mark.parametrize("classes", [True, False])
def test_the_spread_is_that_of_the_views(write: Any, bundle: Bundle, tmp_path: Path, classes: bool) -> None:
    image = surface()
    bundle = with_heights(bundle, classes=classes, skew=2 * SKEW, base=200)
    options = PredictOptions(tta="flip", tile=400)
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=options)
    # Two of the four views see the skew, wherever the pixel lies.
    np.testing.assert_allclose(read(result.height_map), image[0] + 200 + SKEW, atol=1e-4)
    np.testing.assert_allclose(read(result.height_spread), SKEW, atol=1e-4)
    name = "map_height_spread" if classes else "map_spread"
    assert result.height_spread == tmp_path / f"{name}.tif"
    assert (tmp_path / f"{name}.qml").is_file()


def test_published_heights_may_be_negative(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = surface()
    bundle = with_heights(bundle, classes=False)
    options = PredictOptions(blend="rs3dada", overlap=0.5)
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=options)
    np.testing.assert_allclose(read(result.path), image[0], atol=1e-6)


def test_logits_are_averaged_and_merged_in_the_end(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "four.yaml").write_text(json.dumps(bundle.legend.to_dict()))
    rules = {10: 0, 11: 1, 12: 1, 13: "ignore"}
    table = Crosswalk(name="t", source=str(tmp_path / "four.yaml"), target="building", rules=rules)
    image = surface().clip(0)
    path = write(image)
    options = PredictOptions(blend="rs3dada", overlap=0.5)
    result = predict_raster(bundle, path, tmp_path / "map.tif", options=options)
    np.testing.assert_array_equal(read(result.path), image[0] + 10)
    assert (read(result.confidence) == 100).all()
    merged = predict_raster(bundle, path, tmp_path / "two.tif", options=replace(options, merge=table))
    np.testing.assert_array_equal(read(merged.path), np.array([0, 1, 1, 255])[image[0].astype(int)])
    assert any("merge leaves out" in warning for warning in merged.warnings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (PredictOptions(merge=load_crosswalk("nlcd-paraformer-to-chesapeake-4")), "no classes to merge"),
        (PredictOptions(min_confidence=0.5), "no classes to be sure of"),
        (PredictOptions(as_labels=True), "no classes to make labels of"),
    ],
)
def test_heights_have_no_classes(
    write: Any, bundle: Bundle, tmp_path: Path, options: PredictOptions, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        predict_raster(with_heights(bundle, classes=False), write(surface()), tmp_path / "map.tif", options=options)


@pytest.mark.parametrize("tta", ["none", "flip"])
def test_two_dates_of_heights_are_subtracted(write: Any, bundle: Bundle, tmp_path: Path, tta: Any) -> None:
    before, after = surface(1), surface(2)
    options = PredictOptions(before=write(before, "before.tif", nodata=3), tta=tta)
    path = write(after, "after.tif", nodata=2)
    result = predict_raster(with_heights(bundle, skew=5), path, tmp_path / "loss.tif", options=options)
    known = ((before != 3) & (after != 2))[0]
    heights = read(result.path)
    np.testing.assert_array_equal(heights == -9999, ~known)
    # Without a skew the ground is clamped at both dates before anything is subtracted.
    plain = predict_raster(with_heights(bundle), path, tmp_path / "plain.tif", options=options)
    expected = (before.clip(0) - after.clip(0))[0]
    np.testing.assert_allclose(read(plain.path)[known], expected[known], atol=1e-5)
    assert result.height_map == result.path
    assert result.before == str(tmp_path / "before.tif")
    assert result.confidence is None
    with rasterio.open(result.path) as file:
        assert file.tags()["SOURCE_BEFORE"] == "before.tif"
        assert json.loads(file.tags()["RENDERS"])["height_loss"]["rescale"] == [[-15, 15]]
    if tta == "flip":
        # The skew is in both dates and cancels: the views agree on the difference.
        np.testing.assert_allclose(read(result.height_spread)[known], 0, atol=1e-5)


def test_a_model_of_two_dates_sees_both(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    class Change(nn.Module):
        def forward(self, image: Tensor) -> Outputs:
            differ = (image[:, :1] != image[:, 1:]).float()
            return Outputs(torch.cat([1 - differ, differ, differ - 9, differ - 9], dim=1))

    card = bundle.card.model_copy(
        update={
            "dates": 2,
            "bands": ("index", "index"),
            "normalization": bundle.card.normalization.model_copy(update={"mean": (0.0, 0.0), "std": (1.0, 1.0)}),
        }
    )
    bundle = Bundle(card, Change())
    before, after = surface(1), surface(2)
    earlier, later = write(before, "before.tif"), write(after, "after.tif")
    result = predict_raster(bundle, later, tmp_path / "map.tif", options=PredictOptions(before=earlier))
    expected = np.where(before == after, 10, 11)[0]
    np.testing.assert_array_equal(read(result.path), expected)
    stacked = predict_raster(bundle, write(np.concatenate([before, after]), "both.tif"), tmp_path / "same.tif")
    np.testing.assert_array_equal(read(stacked.path), expected)
    with pytest.raises(DataError, match=r"one date.*--before EARLIER --after LATER"):
        predict_raster(bundle, later, tmp_path / "one.tif")
    with pytest.raises(DataError, match="2 bands but the model takes 1"):
        predict_raster(bundle, later, tmp_path / "one.tif", options=PredictOptions(before=tmp_path / "both.tif"))


def test_an_earlier_date_says_nothing_to_a_class_model(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = write(surface())
    with pytest.raises(UsageError, match="one date"):
        predict_raster(bundle, image, tmp_path / "map.tif", options=PredictOptions(before=image))


def test_heights_asked_of_a_network_without_them(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    card = bundle.card.model_copy(update={"outputs": ("classes", "height")})
    with pytest.raises(UsageError, match="no height head"):
        predict_raster(replace(bundle, card=card), write(surface()), tmp_path / "map.tif")
    assert {file.name for file in tmp_path.iterdir()} == {"image.tif"}


def test_values_are_scaled_first(write: Any, bundle: Bundle, tmp_path: Path) -> None:
    image = (surface().clip(0) * 1000).astype(np.uint16)
    path = write(image, nodata=3000)
    result = predict_raster(with_heights(bundle), path, tmp_path / "map.tif", options=PredictOptions(scale=0.001))
    expected = np.where(image[0] == 3000, -9999, image[0] / 1000)
    np.testing.assert_allclose(read(result.height_map), expected, atol=1e-5)
    with rasterio.open(result.path) as file:
        assert json.loads(file.tags()["SETTINGS"])["scale"] == 0.001
    for scale in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="not a factor"):
            PredictOptions(scale=scale)
