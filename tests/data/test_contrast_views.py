"""Changes of colour for views that are contrasted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landwright.data.contrast_views import contrast_view

SHARES = {"blurred": 0.5, "solarised": 0.2}


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_any_number_of_bands_keeps_its_range(bands: int) -> None:
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (bands, 24, 20)).astype(np.float32))
    grey = 0
    for seed in range(40):
        view = contrast_view(image, np.random.default_rng(seed), full=255, **SHARES)
        assert view.shape == image.shape
        assert 0 <= view.min() <= view.max() <= 255
        grey += bool((view == view[:1]).all())
    assert (grey == 40) if bands == 1 else (2 <= grey <= 16)
    again = contrast_view(image, np.random.default_rng(3), full=255, **SHARES)
    assert torch.equal(again, contrast_view(image, np.random.default_rng(3), full=255, **SHARES))


def test_blur_and_solarisation_are_what_they_say() -> None:
    image = torch.zeros(3, 16, 16)
    image[:, 8, 8] = 200
    sharp = [contrast_view(image, np.random.default_rng(seed), full=255, blurred=0) for seed in range(20)]
    soft = [contrast_view(image, np.random.default_rng(seed), full=255, blurred=1) for seed in range(20)]
    assert sum(float(view.max()) for view in soft) < sum(float(view.max()) for view in sharp)
    turned = contrast_view(torch.full((3, 4, 4), 250.0), np.random.default_rng(0), full=255, blurred=0, solarised=1)
    assert turned.max() < 128


def test_one_row_is_not_blurred() -> None:
    image = torch.rand(3, 1, 9) * 255
    assert contrast_view(image, np.random.default_rng(1), full=255, blurred=1).shape == image.shape


def test_strength_makes_all_changes_smaller() -> None:
    image = torch.from_numpy(np.random.default_rng(0).integers(60, 190, (3, 24, 24)).astype(np.float32))
    means = []
    for strength in (0.0, 0.3, 1.0):
        views = [
            contrast_view(image, np.random.default_rng(seed), full=255, strength=strength, **SHARES)
            for seed in range(30)
        ]
        means.append(sum(float((view - image).abs().mean()) for view in views))
    assert means[0] < 1e-2 < means[1] < 0.5 * means[2]
