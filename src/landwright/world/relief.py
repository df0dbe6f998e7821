"""The lie of the land: hills by 1/f noise, valleys along the water, and maps of where things like to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from landwright.world.frame import Coordinates, Frame
from landwright.world.noise import Floats, field

_NODES = 144  # per side of the square of layout metres that covers the scene
_ROUGHNESS = 5.0  # fall of the power spectrum: amplitude as 1 / f^2.5


class Relief(NamedTuple):
    """Elevation over the square of layout metres within ``reach``, on nodes a ``step`` apart.

    Attributes:
        elevation: Metres, float32 (N, N); rows along v, columns along u.
        slope: Its rise per metre along v and u, float32 (2, N, N).
        reach: Half side of the square in metres.
        step: Metres between nodes.
    """

    elevation: Floats
    slope: Floats
    reach: float
    step: float

    def map(self, rng: np.random.Generator, scale: float) -> Floats:
        """Draw a smooth standard normal map on the nodes, with structures of up to ``scale`` metres."""
        return field(rng, _NODES, gsd=self.step, scale=scale, slope=4.0)

    def nodes(self) -> tuple[Coordinates, Coordinates]:
        """Layout metres (u, v) of the nodes, float64 (N, N) each."""
        line = np.arange(_NODES) * self.step - self.reach
        u, v = np.meshgrid(line, line)
        return u, v

    def at(self, values: Floats, u: Coordinates, v: Coordinates) -> Floats:
        """Read values of the nodes at layout metres, linearly between nodes; beyond the square its edge holds."""
        (row, down), (col, right) = self._split(v), self._split(u)
        upper = values[row, col] * (1 - right) + values[row, col + 1] * right
        lower = values[row + 1, col] * (1 - right) + values[row + 1, col + 1] * right
        return np.asarray(upper * (1 - down) + lower * down, np.float32)

    def node(self, u: float, v: float) -> tuple[int, int]:
        """Row and column of the node next to a place."""
        row, col = (min(max(round((place + self.reach) / self.step), 0), _NODES - 1) for place in (v, u))
        return row, col

    def rise(self, u: float, v: float) -> tuple[float, float]:
        """Rise per metre along v and u at the node next to a place."""
        row, col = self.node(u, v)
        return float(self.slope[0, row, col]), float(self.slope[1, row, col])

    def smooth(self, u: Coordinates, v: Coordinates) -> Floats:
        """Elevation at layout metres by cubic B-splines, whose slopes have no creases."""
        (row, down), (col, right) = self._split(v), self._split(u)
        rows, cols = _cubic(down), _cubic(right)
        result = np.zeros(u.shape, np.float32)
        last = _NODES - 1
        for i in range(4):
            line = np.clip(row + i - 1, 0, last)
            part = np.zeros(u.shape, np.float32)
            for j in range(4):
                part += self.elevation[line, np.clip(col + j - 1, 0, last)] * cols[j]
            result += part * rows[i]
        return result

    def _split(self, places: Coordinates) -> tuple[NDArray[np.intp], Floats]:
        cells = np.clip((places + self.reach) / self.step, 0, _NODES - 1.001)
        whole = cells.astype(np.intp)
        return whole, (cells - whole).astype(np.float32)


def _cubic(t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights of the uniform cubic B-spline."""
    a, b, c = (1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, t**3 / 6
    weights = (a, b, 1 - a - b - c, c)
    first, second, third, fourth = (np.asarray(weight, np.float32) for weight in weights)
    return first, second, third, fourth


def draw_relief(rng: np.random.Generator, frame: Frame, strength: float, water: shapely.Geometry | None) -> Relief:
    """Draw the relief of a scene.

    Args:
        rng: Random stream.
        frame: Frame of the scene.
        strength: Standard deviation of the hills, as a share of the scene's side.
        water: River or sea in layout metres: the lowest ground, from which the land rises.

    Returns:
        The relief; parts of it are nearly flat.
    """
    reach = frame.reach + 4.0
    step = 2 * reach / (_NODES - 1)
    empty = np.zeros((_NODES, _NODES), np.float32)
    blank = Relief(empty, np.stack([empty, empty]), reach, step)
    hills = field(rng, _NODES, gsd=step, scale=0.8 * frame.extent, slope=_ROUGHNESS)
    calm = 0.6 + 0.4 * np.tanh(field(rng, _NODES, gsd=step, scale=0.8 * frame.extent, slope=_ROUGHNESS + 1))
    elevation = (hills - hills.min()) * calm
    if water is not None:
        shapely.prepare(water)
        away = shapely.distance(water, shapely.points(*blank.nodes())) / (0.25 * frame.extent)
        elevation = elevation * np.clip(away, 0, 1).astype(np.float32) ** np.float32(0.8)
    elevation = np.asarray(elevation * np.float32(strength * frame.extent), np.float32)
    down, right = np.gradient(elevation, np.float32(step))
    return Relief(elevation, np.stack([down, right]).astype(np.float32), reach, step)
