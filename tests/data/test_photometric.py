from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from landwright.data.photometric import Image, blur, jitter, second_view, strong

CHANGES: list[Callable[..., Image]] = [jitter, second_view, strong]


def drawn(bands: int = 3, full: float = 255) -> Image:
    return np.random.default_rng(0).uniform(0.2 * full, 0.7 * full, (bands, 21, 18)).astype(np.float32)


def means(change: Callable[..., Image], image: Image, runs: int = 40) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([change(image, rng).mean((1, 2)) for _ in range(runs)])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("bands", [1, 3, 4])
@pytest.mark.parametrize("full", [1, 255, 65535])
def test_images_of_any_sensor(change: Callable[..., Image], bands: int, full: float) -> None:
    image = drawn(bands, full)
    before = image.copy()
    for seed in range(10):
        changed, again = (change(image, np.random.default_rng(seed), full=full) for _ in range(2))
        assert (changed.dtype, changed.shape) == (np.float32, image.shape)
        assert 0 <= changed.min() <= changed.max() <= full
        assert (changed == again).all()
    assert (image == before).all()


def test_units_make_no_difference() -> None:
    image = drawn()
    for seed in range(5):
        small, large = (
            jitter(image * factor, np.random.default_rng(seed), full=255 * factor) / factor for factor in (1, 257)
        )
        assert small == pytest.approx(large, abs=0.01)


def test_strength() -> None:
    grey = means(lambda image, rng: jitter(image, rng, full=255), drawn(1))[:, 0] / drawn(1).mean()
    assert 0.78 < grey.min() < 0.9
    assert 1.1 < grey.max() < 1.22


def test_hue_and_saturation_are_those_of_three_bands() -> None:
    colours = np.zeros((3, 8, 8), np.float32) + np.array([180, 90, 60], np.float32)[:, None, None]
    found = means(lambda image, rng: jitter(image, rng, full=255), colours)
    assert np.ptp(found / found[:, :1], axis=0).max() > 0.2
    four = np.concatenate([colours, colours[:1]])
    found = means(lambda image, rng: jitter(image, rng, full=255), four)
    assert found / found[:, :1] == pytest.approx(np.tile(four[:, 0, 0] / four[0, 0, 0], (len(found), 1)))


def test_a_blur_keeps_the_mean_of_a_point() -> None:
    point = np.zeros((2, 15, 15), np.float32)
    point[:, 7, 7] = 100
    widths = set()
    rng = np.random.default_rng(0)
    for _ in range(20):
        blurred = blur(point, rng)
        assert blurred.sum((1, 2)) == pytest.approx([100, 100])
        size = int((blurred[0].sum(0) > 0).sum())
        widths.add(size)
        line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (0.15 * size + 0.35)) ** 2)
        half = size // 2
        assert blurred[0, 7, 7 - half : 8 + half] / blurred[0, 7].sum() == pytest.approx(line / line.sum(), rel=1e-4)
    assert widths == {3, 5, 7}


@pytest.mark.parametrize(("change", "untouched"), [(second_view, 0.5 + 0.5 / 3 / 4), (strong, 0.1)])
def test_odds(change: Callable[..., Image], untouched: float) -> None:
    image, rng = drawn(), np.random.default_rng(5)
    same = np.mean([change(image, rng, full=255) is image for _ in range(400)])
    assert same == pytest.approx(untouched, abs=0.06)
