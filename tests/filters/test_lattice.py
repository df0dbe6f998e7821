from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from landwright.errors import UsageError
from landwright.filters import Lattice


def drawn(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gaussian(features: Tensor, values: Tensor) -> Tensor:
    return torch.exp(-torch.cdist(features, features).square() / 2) @ values


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_it_is_a_gaussian_filter_but_for_a_factor(dimensions: int) -> None:
    features, values = 1.5 * drawn(0, 1500, dimensions), drawn(1, 1500, 3).abs()
    ours, exact = Lattice(features).filter(values), gaussian(features, values)
    for channel in range(3):
        assert torch.corrcoef(torch.stack([ours[:, channel], exact[:, channel]]))[0, 1] > 0.97
    # Its peak is lower than a Gaussian's, and about as much in every lattice of one dimension.
    other = 1.5 * drawn(2, 1500, dimensions)
    ratio = ours.sum() / exact.sum()
    again = Lattice(other).filter(values).sum() / gaussian(other, values).sum()
    assert ratio == pytest.approx(float(again), rel=0.1)


def test_equal_points_share_and_distant_ones_do_not() -> None:
    features = torch.tensor([[0.0, 0.0], [0.0, 0.0], [300.0, 0.0], [0.0, 300.0]])
    values = torch.tensor([[1.0], [2.0], [5.0], [7.0]])
    found = Lattice(features).filter(values)[:, 0]
    # What a corner passes on comes back once, along all three axes.
    assert found[:2].tolist() == pytest.approx([3 * (1 + 2**-3) / (1 + 2**-2)] * 2)
    assert 0 < found[2] < 5
    assert 0 < found[3] < 7


@given(seed=st.integers(0, 100), dimensions=st.integers(1, 6), scale=st.floats(0.01, 20))
@settings(max_examples=40, deadline=None)
def test_the_weights_of_a_simplex_are_barycentric(seed: int, dimensions: int, scale: float) -> None:
    tables = Lattice(scale * drawn(seed, 40, dimensions))._tables
    assert tables.weights.sum(1).allclose(torch.ones(40), atol=1e-5)
    assert tables.weights.min() > -1e-5
    assert all(len(set(corners.tolist())) == dimensions + 1 for corners in tables.corners)


@given(seed=st.integers(0, 100), dimensions=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_neighbours_are_mutual(seed: int, dimensions: int) -> None:
    neighbours = Lattice(drawn(seed, 30, dimensions))._tables.neighbours
    count = neighbours.shape[1]
    for forth, back in neighbours.transpose(1, 2):
        there = (forth < count).nonzero().flatten()
        assert torch.equal(back[forth[there]], there)
        assert int((back < count).sum()) == len(there)


def test_it_is_linear_and_its_gradient_is_its_transpose() -> None:
    lattice = Lattice(drawn(3, 60, 3))
    values = drawn(4, 60, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lattice.filter, (values,))
    whole = lattice.filter(torch.eye(60, dtype=torch.float64))
    assert lattice.filter(values).allclose(whole @ values)
    # Corners that no point touches are not there, so that the matrix is symmetric only where points lie close.
    dense = Lattice(drawn(3, 4000, 1)).filter(torch.eye(4000)[:, :50])[:50]
    assert (dense - dense.T).abs().max() < 0.01 * dense.max()


def test_values_of_half_precision_are_summed_in_single_precision() -> None:
    features, values = drawn(5, 400, 2) / 50, torch.ones(400, 1, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = Lattice(features).filter(values)
    assert found.dtype == torch.float32
    assert found.allclose(Lattice(features).filter(values.float()))


def test_one_point_is_enough() -> None:
    assert Lattice(torch.zeros(1, 5)).filter(torch.ones(1, 2)).tolist() == [
        [pytest.approx((1 + 2**-6) / (1 + 2**-5))] * 2
    ]


@pytest.mark.parametrize("features", [torch.zeros(0, 2), torch.tensor([[float("nan"), 0.0]])])
def test_points_that_are_none(features: Tensor) -> None:
    with pytest.raises(UsageError, match="finite"):
        Lattice(features)


def test_too_many_dimensions_for_so_wide_a_spread() -> None:
    with pytest.raises(UsageError, match=r"10 dimensions lie too far apart.*larger deviations"):
        Lattice(100 * drawn(6, 50, 10))
