from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from landwright.data import tiles as data_tiles
from landwright.data.layouts import load_layout
from landwright.data.scenes import find_scenes
from landwright.data.splits import make_split
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.rasters import RasterInfo, open_raster
from landwright.recipe import DataSpec, NormalizeSpec, SplitSpec
from landwright.regimes.inputs import band_names, gsd_range, normalization


@pytest.fixture
def tiles(scenes: Path) -> data_tiles.GridTiles:
    spec = DataSpec(images=str(scenes / "images"), labels=str(scenes / "masks"), tile=32, split=SplitSpec(val=0.34))
    regions = make_split(find_scenes(spec), spec.split, seed=0).regions("train")
    return data_tiles.GridTiles(regions, spec, load_legend("building"))


@pytest.fixture
def info(scenes: Path) -> RasterInfo:
    with open_raster(scenes / "images" / "scene0.tif") as raster:
        return raster.info


def _never() -> data_tiles.GridTiles:
    raise AssertionError("no statistics were asked for")


def test_constants_follow_the_type_and_the_network(info: RasterInfo) -> None:
    eight = normalization(NormalizeSpec(), [info], 3, _never, "imagenet")
    assert (eight.divide, eight.mean[0], eight.std[2]) == (255, 0.485, 0.225)
    sixteen = normalization(NormalizeSpec(), [replace(info, dtype="uint16")], 4, _never, "half")
    assert (sixteen.divide, sixteen.mean, sixteen.std) == (65535, (0.5,) * 4, (0.5,) * 4)
    own = normalization(NormalizeSpec(divide=1000, mean=[0.1, 0.2], std="half"), [info], 2, _never, "imagenet")
    assert (own.divide, own.mean, own.std) == (1000, (0.1, 0.2), (0.5, 0.5))


def test_statistics_are_those_of_the_divided_values(info: RasterInfo, tiles: data_tiles.GridTiles) -> None:
    found = normalization(NormalizeSpec(mean="data", std="data"), [info], 3, lambda: tiles, "imagenet")
    pixels = np.concatenate([tiles[index]["image"].numpy().reshape(3, -1) for index in range(len(tiles))], axis=1)
    np.testing.assert_allclose(found.mean, pixels.mean(1) / 255, rtol=1e-4)
    np.testing.assert_allclose(found.std, pixels.std(1) / 255, rtol=1e-4)
    floats = normalization(
        NormalizeSpec(mean="data", std="data"), [replace(info, dtype="float32")], 3, lambda: tiles, "imagenet"
    )
    assert floats.divide == 1
    np.testing.assert_allclose(floats.mean, pixels.mean(1), rtol=1e-4)


@pytest.mark.parametrize(
    ("spec", "dtype", "bands", "message"),
    [
        ({}, "uint8", 4, "those of 3 bands, the images have 4.*normalize.mean=data"),
        ({}, "float32", 3, "largest value of float32 imagery is not known.*normalize.divide"),
        ({"mean": "data"}, "int16", 3, "largest value of int16"),
        ({"mean": [0.5]}, "uint8", 3, "normalize.mean has 1 values, the images have 3 bands"),
    ],
)
def test_refuses_what_cannot_be_known(
    spec: dict[str, Any], dtype: str, bands: int, message: str, info: RasterInfo, tiles: data_tiles.GridTiles
) -> None:
    with pytest.raises(UsageError, match=message):
        normalization(NormalizeSpec(**spec), [replace(info, dtype=dtype)], bands, lambda: tiles, "imagenet")


def test_refuses_images_of_different_types(info: RasterInfo) -> None:
    with pytest.raises(DataError, match="different types: uint16, uint8"):
        normalization(NormalizeSpec(), [info, replace(info, dtype="uint16")], 3, _never, "half")


def test_a_deviation_of_zero_is_refused(info: RasterInfo) -> None:
    with pytest.raises((UsageError, ValidationError)):
        normalization(NormalizeSpec(std=[0.0, 1.0, 1.0]), [info], 3, _never, "half")


def test_bands_are_named_by_recipe_image_or_number(info: RasterInfo) -> None:
    described = replace(info, descriptions=("red", None, "nir"))
    assert band_names(None, described) == ("red", "band 2", "nir")
    assert band_names([3, "red"], described) == ("nir", "red")
    assert band_names(None, described, load_layout("inria")) == ("red", "green", "nir")


def test_bands_of_two_dates_are_told_apart(info: RasterInfo) -> None:
    described = replace(info, descriptions=("red", None, "nir"))
    assert band_names([3, "red"], described, dates=2) == ("before nir", "before red", "after nir", "after red")
    assert band_names(None, replace(info, count=1), dates=2) == ("before band 1", "after band 1")


def test_two_dates_are_scaled_alike(info: RasterInfo) -> None:
    both = normalization(NormalizeSpec(), [info], 6, _never, "imagenet", dates=2)
    assert both.mean == (0.485, 0.456, 0.406) * 2
    assert both.std[:3] == both.std[3:]
    single = normalization(NormalizeSpec(), [replace(info, dtype="uint16")], 4, _never, "half", dates=2)
    assert (single.mean, single.std) == ((0.5,) * 4, (0.5,) * 4)
    with pytest.raises(UsageError, match="those of 3 bands, the images have 4"):
        normalization(NormalizeSpec(), [info], 8, _never, "imagenet", dates=2)


def test_gsd_range_spans_the_training_images(info: RasterInfo) -> None:
    infos = [replace(info, gsd=0.4), replace(info, gsd=1.0)]
    assert gsd_range(infos) == pytest.approx((0.3, 1.5))
    unknown = [*infos, replace(info, gsd=None)]
    assert gsd_range(unknown) is None
    assert gsd_range(unknown, load_layout("inria")) == pytest.approx((0.225, 1.5))
