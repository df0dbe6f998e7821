"""Roofs: the height over the eaves and the shade of the surface, in a building's own coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.world.noise import Floats
from landwright.world.plan import RoofKind

_COURSE = 1.2  # metres between courses of tiles or seams


def roof_shape(kind: RoofKind, p: Floats, q: Floats, a: float, b: float, pitch: float, height: float) -> Floats:
    """Height of a roof over its eaves.

    Args:
        kind: Form of the roof.
        p: Metres from the middle along the longer side.
        q: Metres from the middle along the shorter side.
        a: Half the longer side in metres.
        b: Half the shorter side in metres.
        pitch: Rise per metre of run.
        height: Height of the eaves in metres; a tiered roof steps up by a part of it.

    Returns:
        Metres, same shape as ``p``.
    """
    along, across = a - np.abs(p), b - np.abs(q)
    edge = np.minimum(along, across)
    parapet = 0.6 * (edge < 0.5)
    top: NDArray[np.floating[Any]]
    if kind == "gable":
        top = pitch * across
    elif kind == "hip":
        top = pitch * edge
    elif kind == "mono":
        top = pitch * (b + q)
    elif kind == "barrel":
        top = 0.35 * b * np.sqrt(np.clip(1 - (q / b) ** 2, 0, 1))
    elif kind == "saw":
        top = 0.25 * ((p + a) % 6.0)
    elif kind == "tier":
        top = parapet + min(0.5 * height, 12.0) * ((along > 0.45 * a) & (across > 0.3 * b))
    else:
        top = parapet
    return np.asarray(top, np.float32)


def roof_shade(kind: RoofKind, p: Floats, q: Floats, a: float, b: float, gsd: float) -> Floats:
    """Relative brightness of a roof's surface, around 1: ridge, courses of tiles or seams, parapet."""
    along, across = a - np.abs(p), b - np.abs(q)
    if kind in ("flat", "tier"):
        edge = np.minimum(along, across)
        return np.asarray(1 + 0.14 * (edge < 0.5) - 0.05 * (edge < 1.6), np.float32)
    # Courses run along the ridge; they fade out as they become finer than the pixel.
    strength = 0.05 * min(1.0, max(0.0, _COURSE / gsd - 1.5))
    shade = 1 + strength * np.sin((p if kind in ("barrel", "saw") else q) * (2 * np.pi / _COURSE))
    if kind in ("gable", "hip"):
        ridge = (np.abs(q) < max(0.25, 0.6 * gsd)) & (along > (b if kind == "hip" else 0))
        shade += 0.12 * ridge
    return np.asarray(shade, np.float32)
