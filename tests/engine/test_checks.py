from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from affine import Affine

from landwright.bundles import Card, NetworkCard, Normalization
from landwright.engine.checks import check_bands, check_grid, check_scale, warnings_about
from landwright.engine.scaled import ScaledSource
from landwright.engine.stream import Tiling
from landwright.errors import DataError
from landwright.legends import Legend
from landwright.rasters import open_raster


def make_card(legend: Legend, bands: int = 3, divide: float = 255.0, gsd: tuple[float, float] | None = None) -> Card:
    return Card(
        name="m",
        regime="masks",
        network=NetworkCard(name="n", classes=len(legend)),
        bands=("red", "green", "blue", "nir")[:bands],
        normalization=Normalization(divide=divide, mean=(0.5,) * bands, std=(0.2,) * bands),
        legend=legend,
        gsd=gsd,
    )


def test_too_many_bands_name_both_numbers_and_the_option(write: Any, legend: Legend) -> None:
    path = write(np.zeros((5, 9, 9), np.uint8))
    hint = r"5 bands.*takes 3 \(red, green, blue\).*--bands 1,2,3"
    with open_raster(path) as raster, pytest.raises(DataError, match=hint):
        check_bands(raster, make_card(legend), None)
    with open_raster(path, bands=[5, 4, 1]) as raster:
        check_bands(raster, make_card(legend), [5, 4, 1])
    with open_raster(path, bands=[5, 4]) as raster, pytest.raises(DataError, match="2 bands were chosen"):
        check_bands(raster, make_card(legend), [5, 4])


def test_too_few_bands(write: Any, legend: Legend) -> None:
    with open_raster(write(np.zeros((1, 9, 9), np.uint8))) as raster, pytest.raises(DataError, match="1 bands"):
        check_bands(raster, make_card(legend), None)


@pytest.mark.parametrize(
    ("dtype", "value", "divide", "problem"),
    [
        ("uint8", 200, 255, None),
        ("uint8", 200, 1, "around 200"),
        ("uint8", 200, 10_000, "at most 255"),
        ("uint16", 200, 255, None),
        ("uint16", 300, 255, "8-bit images"),
        ("uint16", 9000, 10_000, None),
        ("uint16", 12_000, 10_000, None),
        ("uint16", 45_000, 10_000, "around 45000"),
        ("uint16", 65_000, 65_535, None),
        ("float32", 0.4, 1, None),
        ("float32", 90, 1, "around 90"),
        ("float32", 0.9, 255, r"up to 0.9 .*black.*--scale 255"),
        ("float32", 1, 10_000, "would see black"),
        ("float64", 1.5, 255, None),
        ("float32", 0, 255, None),
        ("uint8", 1, 255, "would see black"),
        ("uint8", 0, 255, None),
        ("uint16", 1, 10_000, None),
        ("uint16", 65_000, 255, r"8-bit images.*--scale 0.00389"),
    ],
)
def test_the_scale_of_values_has_to_fit(
    write: Any, legend: Legend, dtype: str, value: float, divide: float, problem: str | None
) -> None:
    path = write(np.full((3, 300, 40), value, dtype=dtype))
    with open_raster(path) as raster:
        if problem is None:
            check_scale(raster, make_card(legend, divide=divide))
        else:
            with pytest.raises(DataError, match=problem):
                check_scale(raster, make_card(legend, divide=divide))


@pytest.mark.parametrize(
    ("dtype", "value", "problem"),
    [("uint8", 250, None), ("uint16", 900, "8-bit images"), ("float32", 1, r"0 to 255.*--scale 255 ")],
)
def test_constants_in_sensor_units_tell_the_scale(
    write: Any, legend: Legend, dtype: str, value: int, problem: str | None
) -> None:
    scaling = Normalization(divide=1, mean=(118.0, 130.0, 122.0), std=(39.0, 38.0, 48.0))
    card = make_card(legend).model_copy(update={"normalization": scaling})
    with open_raster(write(np.full((3, 30, 40), value, dtype=dtype))) as raster:
        if problem is None:
            check_scale(raster, card)
        else:
            with pytest.raises(DataError, match=problem):
                check_scale(raster, card)


def test_an_image_without_valid_pixels_has_no_scale(write: Any, legend: Legend) -> None:
    with open_raster(write(np.zeros((3, 9, 9), np.uint16), nodata=0)) as raster:
        check_scale(raster, make_card(legend))


@pytest.mark.parametrize(
    ("pixel", "gsd", "warned"), [(0.5, (0.3, 0.6), False), (0.5, (0.5, 0.5), False), (2.0, (0.3, 0.6), True)]
)
def test_ground_size_outside_the_training_range_is_said(
    write: Any, legend: Legend, pixel: float, gsd: tuple[float, float], warned: bool
) -> None:
    path = write(np.zeros((3, 20, 20), np.uint8), transform=Affine(pixel, 0, 5e5, 0, -pixel, 5.3e6), tiled=False)
    with open_raster(path) as raster:
        remarks = warnings_about(raster.info, make_card(legend, gsd=gsd))
        assert any("on the ground" in remark for remark in remarks) == warned


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_unknown_ground_size_is_said(write: Any, legend: Legend) -> None:
    with open_raster(write(np.zeros((3, 20, 20), np.uint8), crs=None, transform=None)) as raster:
        assert any(
            "unknown; the model" in remark for remark in warnings_about(raster.info, make_card(legend, gsd=(1, 2)))
        )
        assert not any("unknown; the model" in remark for remark in warnings_about(raster.info, make_card(legend)))


def test_scaled_values_are_what_is_checked(write: Any, legend: Legend) -> None:
    with open_raster(write(np.full((3, 30, 40), 40_000, np.uint16))) as raster:
        scaled = ScaledSource(raster, 255 / 65_535)
        check_scale(scaled, make_card(legend))
        with pytest.raises(DataError, match="would see black"):
            check_scale(ScaledSource(raster, 1 / 65_535), make_card(legend))


def test_two_dates_need_the_bands_of_both(write: Any, legend: Legend) -> None:
    card = make_card(legend, bands=4).model_copy(update={"dates": 2})
    with open_raster(write(np.zeros((2, 9, 9), np.uint8))) as raster:
        check_bands(raster, card, None, dates=1)
        with pytest.raises(DataError, match=r"2 bands of one date.*--before"):
            check_bands(raster, card, None, dates=2)
    with open_raster(write(np.zeros((4, 9, 9), np.uint8), photometric="MINISBLACK")) as raster:
        check_bands(raster, card, None, dates=2)


def test_a_published_grid_without_windows_is_refused(write: Any) -> None:
    tiling = Tiling(1022, 0.5, "rs3dada")
    with open_raster(write(np.zeros((1, 511, 600), np.uint8))) as raster:
        with pytest.raises(DataError, match=r"600 x 511 pixels.*511 pixels or shorter.*cosine"):
            check_grid(raster, tiling)
        check_grid(raster, Tiling(1022, 0.5, "cosine"))
    with open_raster(write(np.zeros((1, 512, 600), np.uint8))) as raster:
        check_grid(raster, tiling)
