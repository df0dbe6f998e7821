from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.exposure import match_histograms as library

from landwright.data.style import fda, match_histograms, match_statistics, restyle
from landwright.recipe import SyntheticSpec

WAYS = ("fda", "hm", "pda")


def drawn(seed: int, *shape: int, low: float = 0, high: float = 255) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def look(*ways: Any, **options: Any) -> SyntheticSpec:
    return SyntheticSpec(style=ways, **{"style_share": 1, "style_blend": (1, 1), **options})


def restyled(way: str, image: np.ndarray, model: np.ndarray, full: float = 255, **options: Any) -> np.ndarray:
    return restyle(image, model, look(way), np.random.default_rng(0), full=full, **options)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bands", [1, 3, 5])
@pytest.mark.parametrize(("full", "shape"), [(255, (24, 31)), (65535, (40, 17)), (1, (24, 31))])
def test_an_image_takes_on_the_mean_of_its_model(way: str, bands: int, full: float, shape: tuple[int, int]) -> None:
    image, model = drawn(0, bands, 24, 31, high=0.3 * full), drawn(1, bands, *shape, low=0.4 * full, high=0.8 * full)
    before = image.copy()
    changed = restyled(way, image, model, full)
    assert (changed.dtype, changed.shape) == (np.float32, image.shape)
    assert 0 <= changed.min() <= changed.max() <= full
    assert changed.mean((1, 2)) == pytest.approx(model.mean((1, 2)), rel=0.02)
    assert (image == before).all()
    if way != "fda":
        assert changed.std((1, 2)) == pytest.approx(model.std((1, 2)), rel=0.02)


@pytest.mark.parametrize("way", WAYS)
def test_an_image_in_its_own_look_stays_as_it_is(way: str) -> None:
    image = drawn(0, 3, 20, 21)
    assert np.abs(restyled(way, image, image) - image).max() < 0.01


@pytest.mark.parametrize("way", WAYS)
def test_only_valid_pixels_count(way: str) -> None:
    image, model = drawn(0, 3, 24, 24, high=100), drawn(1, 3, 24, 24, low=120, high=200)
    valid, model_valid = np.ones((2, 24, 24), dtype=bool)
    valid[:, :5] = False
    model_valid[7:] = False
    wanted = model[:, model_valid].mean(1)
    image[:, ~valid] = model[:, ~model_valid] = 0
    changed = restyled(way, image, model, valid=valid, model_valid=model_valid)
    assert not changed[:, ~valid].any()
    assert changed[:, valid].mean(1) == pytest.approx(wanted, rel=0.03)
    nothing = np.zeros_like(valid)
    assert restyled(way, image, model, valid=nothing) is image
    assert restyled(way, image, model, model_valid=nothing) is image


def test_share_of_images_and_odds_of_the_ways() -> None:
    image, model = drawn(0, 1, 8, 8, high=100), drawn(1, 1, 8, 8, low=200)
    same = lambda spec, rng: restyle(image, model, spec, rng, full=255) is image  # noqa: E731
    rng = np.random.default_rng(0)
    assert 0.1 < np.mean([same(SyntheticSpec(), rng) for _ in range(300)]) < 0.3
    assert same(look(), rng)
    assert same(look(*WAYS, style_share=0), rng)
    spec = look("hm", "pda", style_blend=(0.5, 0.5))
    results = {restyle(image, model, spec, rng, full=255).tobytes() for _ in range(50)}
    assert len(results) == 2
    half = restyle(image, model, look("hm", style_blend=(0.5, 0.5)), rng, full=255)
    assert half == pytest.approx((image + restyled("hm", image, model)) / 2, rel=1e-5)


def test_the_draw_is_that_of_the_generator() -> None:
    image, model = drawn(0, 3, 16, 16), drawn(1, 3, 16, 16)
    first, again = (restyle(image, model, SyntheticSpec(), np.random.default_rng(3), full=255) for _ in range(2))
    assert (first == again).all()


@pytest.mark.parametrize("beta", [0, 0.2, 0.5])
@pytest.mark.parametrize("shape", [(16, 16), (15, 18), (9, 7)])
def test_frequencies_beyond_the_square_stay(shape: tuple[int, int], beta: float) -> None:
    image, model = drawn(0, 2, *shape), drawn(1, 2, *shape)
    some = np.fft.fft2(fda(image, model, beta))
    reach = int(min(shape) * beta)
    rows, columns = (np.abs(np.fft.fftfreq(size, 1 / size)) < reach + 0.5 for size in shape)
    low = rows[:, None] & columns
    assert np.abs(some[:, low]) == pytest.approx(np.abs(np.fft.fft2(model))[:, low], abs=0.05)
    assert np.exp(1j * np.angle(some[:, low])) == pytest.approx(
        np.exp(1j * np.angle(np.fft.fft2(image)))[:, low], abs=1e-3
    )
    assert some[:, ~low] == pytest.approx(np.fft.fft2(image)[:, ~low], abs=0.05)


@pytest.mark.parametrize(("scale", "high"), [(1, 255), (1, 65535), (1 / 255, 255)])
def test_histograms_are_the_librarys_for_floats(scale: float, high: int) -> None:
    pixels, model = (np.floor(drawn(seed, 2, 500, high=high)) * scale for seed in (0, 1))
    found = match_histograms(pixels.astype(np.float32), model.astype(np.float32))
    assert found == pytest.approx(library(pixels, model, channel_axis=0), abs=1.1 * scale * max(high / 65535, 1 / 128))


def test_bands_of_one_value() -> None:
    flat, model = np.full((1, 9), 7, np.float32), drawn(0, 1, 20)
    assert match_statistics(flat, model) == pytest.approx(np.full((1, 9), model.mean()))
    assert (match_histograms(flat, flat) == flat).all()
