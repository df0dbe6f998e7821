"""Windows of the scene around oriented rectangles, such as a building or a car."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from landwright.world.frame import Frame
from landwright.world.noise import Floats


class Window(NamedTuple):
    """Part of the scene around an oriented rectangle, with its own coordinates in metres."""

    rows: slice
    cols: slice
    p: Floats
    q: Floats


def cut_window(frame: Frame, col: float, row: float, heading: float, half: tuple[float, float]) -> Window | None:
    """Cut the window of a rectangle at a pixel position; None outside the scene. ``half``: metres along p and q."""
    cos, sin = np.cos(heading), np.sin(heading)
    reach_x = (half[0] * abs(cos) + half[1] * abs(sin)) / frame.gsd
    reach_y = (half[0] * abs(sin) + half[1] * abs(cos)) / frame.gsd
    left, right = max(0, int(col - reach_x)), min(frame.size, int(col + reach_x) + 2)
    top, bottom = max(0, int(row - reach_y)), min(frame.size, int(row + reach_y) + 2)
    if left >= right or top >= bottom:
        return None
    x = ((np.arange(left, right) + 0.5 - col) * frame.gsd).astype(np.float32)[None]
    y = ((np.arange(top, bottom) + 0.5 - row) * frame.gsd).astype(np.float32)[:, None]
    c, s = np.float32(cos), np.float32(sin)
    return Window(slice(top, bottom), slice(left, right), x * c + y * s, y * c - x * s)
