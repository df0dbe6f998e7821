"""From plan to rasters: buildings with their roofs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landwright.world.frame import Frame
from landwright.world.noise import Floats
from landwright.world.plan import Building
from landwright.world.roofs import roof_shade, roof_shape
from landwright.world.window import cut_window

_PANEL = (0.0, 6.0, 22.0, 0.0)  # solar panels are dark and a little blue


@dataclass(frozen=True, eq=False)
class Roofs:
    """All buildings that stand at either date.

    Attributes:
        index: 1 + building of every pixel, 0 without, int32 (H, W).
        height: Metres above ground, float32 (H, W).
        relief: Metres over the eaves, float32 (H, W): what shades the roof.
        colour: float32 (4, H, W), 0..255.
    """

    index: NDArray[np.int32]
    height: Floats
    relief: Floats
    colour: Floats


def draw_roofs(rng: np.random.Generator, buildings: list[Building], frame: Frame) -> Roofs:
    """Draw every building of the plan, later ones over earlier ones where they touch."""
    side = (frame.size, frame.size)
    index, height, relief = np.zeros(side, np.int32), np.zeros(side, np.float32), np.zeros(side, np.float32)
    colour = np.zeros((4, *side), np.float32)
    places = np.array([(b.u, b.v) for b in buildings]).reshape(-1, 2).T
    cols, rows = frame.pixels(*places)
    headings = frame.heading(*places)
    for number, b in enumerate(buildings):
        a, c = max(b.half_u, b.half_v), min(b.half_u, b.half_v)
        heading = float(headings[number]) + b.turn + (np.pi / 2 if b.half_v > b.half_u else 0.0)
        window = cut_window(frame, float(cols[number]), float(rows[number]), heading, (a, c))
        details = rng.random((6, 5)) if b.roof in ("flat", "tier") else rng.random((2, 5))
        if window is None:
            continue
        p, q = window.p, window.q
        inside = (np.abs(p) < a) & (np.abs(q) < c)
        top = roof_shape(b.roof, p, q, a, c, b.pitch, b.height)
        shade = roof_shade(b.roof, p, q, a, c, frame.gsd)
        tone = _details(details, b, p, q, (a, c), top, shade)
        at = (window.rows, window.cols)
        index[at][inside] = number + 1
        height[at][inside] = (top + np.float32(b.height))[inside]
        relief[at][inside] = top[inside]
        for band in range(4):
            tinted = shade * np.float32(b.colour[band]) + tone * np.float32(_PANEL[band])
            colour[band][at][inside] = tinted[inside]
    return Roofs(index, height, relief, colour)


def _details(
    draws: NDArray[np.float64],
    b: Building,
    p: Floats,
    q: Floats,
    half: tuple[float, float],
    top: Floats,
    shade: Floats,
) -> Floats:
    """Put machines, chimneys and panels on a roof: changes ``top`` and ``shade``, returns where the panels are."""
    a, c = half
    tone = np.zeros_like(p)
    flat = b.roof in ("flat", "tier")
    for wanted, along, across, size, kind in draws[: 6 if a * c > 60 else 2]:
        if wanted > (0.65 if flat else 0.45):
            continue
        x, y = (2 * along - 1) * (a - 2.0) * 0.9, (2 * across - 1) * (c - 1.5) * 0.8
        if kind < 0.25 and c > 3.5:  # solar panels
            spot = (np.abs(p - x) < 1.5 + 2.5 * size) & (np.abs(q - c * 0.5) < c * 0.28)
            shade[spot] = 0.42
            tone[spot] = 1.0
            continue
        long, wide, tall = (0.8 + 1.8 * size, 0.8 + 1.2 * kind, 0.8 + 1.6 * size) if flat else (0.45, 0.45, 1.2)
        spot = (np.abs(p - x) < long) & (np.abs(q - y) < wide)
        top[spot] += np.float32(tall)
        shade[spot] *= np.float32(0.75 + 0.55 * across)
    return tone
