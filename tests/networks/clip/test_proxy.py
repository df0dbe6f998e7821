"""A guide's features become attention between patches."""

import torch
import torch.nn.functional as F

from landwright.networks.clip.proxy import attend_by_proxy, proxy_attention


def test_the_formula():
    torch.manual_seed(0)
    features = torch.randn(2, 6, 3, 4)
    ours = proxy_attention(features, (3, 4))
    for image, found in zip(features, ours, strict=True):
        unit = F.normalize(image.flatten(1).T, dim=1)
        strength = (unit @ unit.T - 1.2 * (unit @ unit.T).mean()) * 3
        strength[strength < 0] = float("-inf")
        torch.testing.assert_close(found, strength.softmax(dim=1))
    assert (ours == 0).any()


def test_features_of_another_grid_and_equal_patches():
    attention = proxy_attention(torch.ones(1, 4, 5, 5, dtype=torch.bfloat16), (2, 3))
    assert attention.shape == (1, 6, 6)
    # All alike: every other pair is below 1.2 times the mean, so that each patch is left with itself.
    torch.testing.assert_close(attention[0], torch.eye(6))
    wide = proxy_attention(torch.randn(1, 4, 5, 5), (2, 3))
    torch.testing.assert_close(wide.sum(dim=-1), torch.ones(1, 6))


def test_values_are_mixed_and_other_tokens_stay():
    attention = proxy_attention(torch.randn(2, 4, 2, 2), (2, 2))
    value = torch.randn(2, 3, 5, 8)
    mixed = attend_by_proxy(attention, value, 1)
    torch.testing.assert_close(mixed[:, :, 0], value[:, :, 0])
    torch.testing.assert_close(mixed[:, 2, 1:], attention @ value[:, 2, 1:])
    torch.testing.assert_close(attend_by_proxy(attention, value[:, :, 1:], 0), mixed[:, :, 1:])
