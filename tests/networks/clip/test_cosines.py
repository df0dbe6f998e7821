"""Cosines of enlarged features."""

import pytest
import torch
import torch.nn.functional as F

from landwright.networks.clip.cosines import cosines, enlarged_cosines


def queries():
    return F.normalize(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)), dim=1)


def test_cosines_of_maps_and_vectors():
    features = torch.randn(2, 16, 4, 5)
    wanted = F.cosine_similarity(features[:, None], queries()[None, :, :, None, None], dim=2)
    torch.testing.assert_close(cosines(features, queries()), wanted)
    torch.testing.assert_close(cosines(features[..., 0, 0], queries()), wanted[..., 0, 0])


@pytest.mark.parametrize("grid", [(4, 5), (1, 3), (3, 1), (14, 14)])
@pytest.mark.parametrize("size", [(64, 80), (33, 17), (14, 14)])
def test_enlarged_features_need_not_be_made(grid, size):
    features = torch.randn(2, 16, *grid, generator=torch.Generator().manual_seed(1))
    wanted = cosines(F.interpolate(features, size, mode="bilinear"), queries())
    torch.testing.assert_close(enlarged_cosines(features, queries(), size), wanted, atol=1e-5, rtol=1e-5)
