"""The permutohedral lattice: a Gaussian filter between points of several dimensions, such as place and colour.

Adams, Baek and Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice", Eurographics 2010. Points give
their values to the corners of the simplex that they lie in, the corners are blurred along the axes of the lattice, and
the points read from the same corners. The cost grows with the number of points and not with their distances.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.errors import UsageError

_KEY_BITS = 62


class _Tables(NamedTuple):
    """Where values go: between N points and M corners of the lattice."""

    corners: Tensor
    """(N, d + 1) corners of every point's simplex."""
    weights: Tensor
    """(N, d + 1) barycentric weights."""
    points: Tensor
    """(N (d + 1),) points of every corner, corner after corner."""
    starts: Tensor
    """(M,) where a corner begins in ``points``."""
    shares: Tensor
    """(N (d + 1),) weights in the order of ``points``."""
    neighbours: Tensor
    """(d + 1, M, 2) the corners beside each along every axis; M where there is none."""


class Lattice:
    """A Gaussian filter between points, not normalised, built once for any number of filterings.

    Its kernel is about exp(-|f_i - f_j|^2 / 2), and lower by a factor that depends on the dimensions: 0.9 for one, 0.6
    for five. Where that matters, divide by what ones become. Float64 values stay such, all others become float32, also
    under autocast.

    Args:
        features: (N, d) positions of N >= 1 points, each dimension in units of its standard deviation.

    Raises:
        UsageError: The points are not finite, or lie too far apart for so many dimensions.
    """

    def __init__(self, features: Tensor) -> None:
        """Find the corners and their neighbours."""
        with torch.no_grad(), torch.autocast(features.device.type, enabled=False):
            self._tables = _build(features.float())

    @property
    def corners(self) -> int:
        """Number of corners that hold values; memory and time of a filtering grow with it."""
        return len(self._tables.starts)

    def filter(self, values: Tensor) -> Tensor:
        """Sum the values of all points, each weighted by the Gaussian of its distance.

        Linear in the values; gradients flow through it to them, not to the features.

        Args:
            values: (N, C).

        Returns:
            (N, C).
        """
        filtered: Tensor = _Filter.apply(values, self._tables)
        return filtered


class _Filter(torch.autograd.Function):
    """The filter and its transpose, which blurs along the axes the other way round."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, tables: _Tables) -> Tensor:
        ctx.tables = tables
        return _apply(values, tables)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _apply(gradient, ctx.tables, transposed=True), None


def _apply(values: Tensor, tables: _Tables, *, transposed: bool = False) -> Tensor:
    """Splat, blur and slice."""
    with torch.autocast(values.device.type, enabled=False):
        values = values.contiguous() if values.dtype == torch.float64 else values.float().contiguous()
        shares, weights = tables.shares.to(values.dtype), tables.weights.to(values.dtype)
        table = F.embedding_bag(tables.points, values, tables.starts, mode="sum", per_sample_weights=shares)
        axes = tables.neighbours.flip(0) if transposed else tables.neighbours
        # A last row of zeros stands for neighbours that are not there.
        table = F.pad(table, (0, 0, 0, 1))
        for beside in axes:
            table[:-1].add_(F.embedding_bag(beside, table, mode="sum"), alpha=0.5)
        sums = F.embedding_bag(tables.corners, table, mode="sum", per_sample_weights=weights)
        return sums.mul_(1 / (1 + 2.0 ** -(len(axes) - 1)))


def _build(features: Tensor) -> _Tables:
    count, dimensions = features.shape
    if not count or not bool(features.isfinite().all()):
        raise UsageError("points of a lattice must be finite numbers, and at least one", remedy="Check the image")
    origin, rank, residual = _simplex(_elevate(features))
    keys, strides = _keys(origin, rank)
    weights = _barycentric(rank, residual)
    ordered, order = keys.flatten().sort()
    first = F.pad(ordered[1:] != ordered[:-1], (1, 0), value=True)
    corners = torch.empty_like(order)
    corners[order] = first.cumsum(0) - 1
    starts = first.nonzero().flatten()
    return _Tables(
        corners=corners.view(dimensions + 1, count).T.contiguous(),
        weights=weights.T.contiguous(),
        points=order % count,
        starts=starts,
        shares=weights.flatten()[order],
        neighbours=_neighbours(ordered[starts], strides),
    )


def _elevate(features: Tensor) -> Tensor:
    """Move points (N, d) onto the plane of d + 1 coordinates that add up to 0: (d + 1, N)."""
    dimensions = features.shape[1]
    # Rounded before it is divided, as in the published code: weights differ from its own by rounding otherwise.
    deviation = torch.tensor(math.sqrt(2 / 3) * (dimensions + 1), dtype=torch.float32).item()
    elevated = features.new_empty((dimensions + 1, len(features)))
    total = features.new_zeros(len(features))
    for axis in range(dimensions, 0, -1):
        scaled = features[:, axis - 1] * (deviation / math.sqrt(axis * (axis + 1)))
        elevated[axis] = total - axis * scaled
        total = total + scaled
    elevated[0] = total
    return elevated


def _simplex(elevated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the simplex of every point.

    Returns:
        Its corner of remainder 0 in units of d + 1, the rank of every coordinate, and what is left of the point in the
        same units; each (d + 1, N).
    """
    size = len(elevated)
    scaled = elevated * (1 / size)
    nearest = scaled.round()
    residual = elevated - nearest * size
    rank = torch.zeros_like(residual, dtype=torch.int8 if size < 64 else torch.int32)
    for axis in range(size - 1):
        smaller = residual[axis] < residual[axis + 1 :]
        rank[axis] += smaller.sum(0, dtype=rank.dtype)
        rank[axis + 1 :] += ~smaller
    # Rounding may leave the plane; the coordinates that were rounded farthest go back.
    rank += nearest.sum(0).to(rank.dtype)
    over = (rank < 0).to(rank.dtype) - (rank >= size).to(rank.dtype)
    rank += over * size
    nearest += over
    return nearest, rank, (elevated - nearest * size) * (1 / size)


def _barycentric(rank: Tensor, residual: Tensor) -> Tensor:
    """Return the weights (d + 1, N) of a simplex's corners, by remainder."""
    falling = torch.empty_like(residual).scatter_(0, rank.long(), residual)
    weights = falling.flip(0)
    weights[1:] -= falling.flip(0)[:-1]
    weights[0] += 1 - falling[0]
    return weights


def _keys(origin: Tensor, rank: Tensor) -> tuple[Tensor, Tensor]:
    """Number the corners of every simplex: (d + 1, N), and what a step of 1 along each of d coordinates adds (d,).

    The corner of remainder r has r added to its coordinates, and d + 1 less in those of the r highest ranks.
    """
    size = len(origin)
    whole = (origin[:-1] * size).long()
    low = whole.amin(1)
    # Corners lie up to d + 1 beside the origin of a simplex, their neighbours as far beside them.
    spans = (whole.amax(1) - low + 4 * size + 1).tolist()
    strides = [math.prod(spans[:axis]) for axis in range(size)]
    if strides[-1] >= 2**_KEY_BITS:
        raise UsageError(
            f"points of {size - 1} dimensions lie too far apart for a lattice", remedy="Use larger deviations"
        )
    steps = torch.tensor(strides[:-1], device=origin.device)
    by_rank = torch.zeros_like(origin, dtype=torch.long).scatter_(
        0, rank.long(), F.pad(steps, (0, 1))[:, None].expand_as(origin)
    )
    keys = torch.empty_like(by_rank)
    keys[0] = ((whole - low[:, None] + 2 * size) * steps[:, None]).sum(0)
    keys[1:] = steps.sum() - size * by_rank.flip(0)[:-1]
    return keys.cumsum_(0), steps


def _neighbours(keys: Tensor, strides: Tensor) -> Tensor:
    """Look up the corners beside each of sorted keys (M,) along every axis: (d + 1, M, 2)."""
    count, size = len(keys), len(strides) + 1
    # Along an axis every coordinate changes by -1, but its own by d; the last axis has no coordinate of its own.
    steps = F.pad(strides * size, (0, 1)) - strides.sum()
    wanted = keys + steps[:, None]
    found = torch.searchsorted(keys, wanted).clamp_(max=count - 1)
    found = torch.where(keys[found] == wanted, found, count)
    # What lies beside a corner has it on its other side.
    back = found.new_full((size, count + 1), count)
    back.scatter_(1, found, torch.arange(count, device=keys.device).expand(size, count))
    return torch.stack([found, back[:, :count]], 2)
