"""Attentions of the last layer against their formulas, written out."""

import pytest
import torch

from landwright.networks.clip.attention import PURE, attend, neighbourhood

GRID = (3, 5)
SIGMA = 1.7


def parts(prefix, batch=2):
    shape = (3, batch, 4, prefix + 15, 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).unbind(0)


def near(prefix):
    """Return the neighbourhood place by place."""
    weights = torch.zeros(prefix + 15, prefix + 15)
    for i in range(15):
        for j in range(15):
            distance = (i // 5 - j // 5) ** 2 + (i % 5 - j % 5) ** 2
            weights[prefix + i, prefix + j] = torch.tensor(-distance / (2 * SIGMA**2)).exp()
    return weights


def weights(name, query, key, value, prefix):
    def alike(a, b):
        return a @ b.transpose(-1, -2) * 8**-0.5

    reach = near(prefix) * 8**-0.5 * query.norm(dim=-1)[..., :, None] * key.norm(dim=-1)[..., None, :]
    return {
        "vanilla": lambda: alike(query, key).softmax(-1),
        "maskclip": lambda: torch.eye(prefix + 15),
        "sclip": lambda: alike(query, query).softmax(-1) + alike(key, key).softmax(-1),
        "clearclip": lambda: alike(query, query).softmax(-1),
        "segearth": lambda: sum(alike(part, part).softmax(-1) for part in (query, key, value)),
        "naclip": lambda: (alike(key, key) + near(prefix)).softmax(-1),
        "nonly": lambda: reach.softmax(-1),
        "gav": lambda: (alike(query, key) + reach).softmax(-1),
    }[name]()


@pytest.mark.parametrize("prefix", [0, 1])
@pytest.mark.parametrize("name", PURE)
def test_formula(name, prefix):
    query, key, value = parts(prefix)
    wanted = weights(name, query, key, value, prefix) @ value
    found = attend(name, query, key, value, GRID, prefix, sigma=SIGMA)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", PURE)
def test_half_precision_keeps_its_type_and_value(name):
    query, key, value = parts(1)
    wanted = attend(name, query, key, value, GRID, 1)
    found = attend(name, query.bfloat16(), key.bfloat16(), value.bfloat16(), GRID, 1)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), wanted, atol=0.1, rtol=0.05)


def test_the_neighbourhood_is_that_of_the_grid():
    torch.testing.assert_close(neighbourhood(GRID, 2, SIGMA, torch.device("cpu")), near(2))
