"""The three ways to change an image's look against the published ones, which cut to 8 bits after every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from landwright.data.style import Image, fda, match_histograms, match_statistics

SHAPE = (3, 64, 72)
BETA, BLEND = 0.05, 0.9


@pytest.fixture(scope="module")
def images(parity: Any) -> tuple[Image, Image]:
    first, second = (
        np.clip(np.floor(parity("rs3dada").fill.image(seed, SHAPE) * 45 + 120), 0, 255) for seed in (410, 411)
    )
    return first.astype(np.float32), np.floor(np.clip(0.6 * second + 70, 0, 255)).astype(np.float32)


def stored(parity: Any, name: str) -> np.ndarray:
    return parity("rs3dada").arrays("ops")[name].transpose(2, 0, 1).astype(np.float64)


def in_rows(image: Image) -> Image:
    return image.reshape(len(image), -1)


def test_amplitudes(parity: Any, images: tuple[Image, Image]) -> None:
    found = fda(*images, BETA)
    assert (np.floor(found.clip(0, 255)) == stored(parity, "style_fda_beta0.05")).all()


def test_histograms(parity: Any, images: tuple[Image, Image]) -> None:
    matched = np.floor(match_histograms(*map(in_rows, images))).reshape(SHAPE).astype(np.float64)
    blended = BLEND * matched + (1 - BLEND) * images[0]
    # What lies half way between two whole numbers is rounded down or up by the last bits of the published sum.
    assert np.abs(blended - stored(parity, "style_hm_blend0.9")).max() <= 0.5 + 1e-5


def test_statistics(parity: Any, images: tuple[Image, Image]) -> None:
    matched = np.floor(match_statistics(*map(in_rows, images)).clip(0, 255)).reshape(SHAPE)
    # In 32 bits, as published: the cut that follows looks at the last of them.
    blended = BLEND * matched + (1 - BLEND) * images[0]
    assert (np.floor(blended) == stored(parity, "style_pda_standard_blend0.9")).all()
