from __future__ import annotations

import torch

from landwright.filters import bilateral_features, spatial_features


def test_places_and_colours_in_units_of_their_deviations() -> None:
    image = torch.arange(24, dtype=torch.uint8).view(2, 3, 4)
    found = bilateral_features(image, sigma_xy=2.0, sigma_rgb=4.0)
    assert found.shape == (12, 4)
    assert found[6].tolist() == [1.0, 0.5, 6 / 4, 18 / 4]
    assert torch.equal(found[:, :2], spatial_features(3, 4, 2.0, torch.device("cpu")))
