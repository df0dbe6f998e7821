"""Walls and other sides, as a leaning camera sees them."""

from __future__ import annotations

import numpy as np

from landwright.world.light import Sun
from landwright.world.materials import BUILDING, TREE
from landwright.world.noise import Codes, Floats, box_mean
from landwright.world.oblique import Sight
from landwright.world.rasters import Place

_PLASTER = np.array(
    [(206, 200, 188, 195), (188, 176, 154, 185), (172, 170, 166, 165), (150, 96, 76, 140), (214, 212, 208, 205),
     (128, 130, 134, 120), (196, 182, 140, 190)],
    np.float32,
)  # fmt: skip
_STOREY = 3.0  # metres


def light_sides(
    place: Place, sight: Sight, height: Floats, codes: Codes, sun: Sun, albedo: Floats, direct: Floats, sky: Floats
) -> None:
    """Colour and light the sides that are seen; changes ``albedo`` (B, H, W), ``direct`` and ``sky`` (H, W).

    Args:
        place: The place.
        sight: What every pixel sees.
        height: Heights above ground on the map in metres, float32 (H, W).
        codes: Land cover as seen, uint8 (H, W).
        sun: The sun.
        albedo: Colour of what is seen.
        direct: Its direct light; walls get that of a surface that faces as they do.
        sky: Its skylight.
    """
    # A wall faces down the slope of the smoothed heights.
    around = box_mean(np.minimum(height, 12), max(1, round(1.0 / place.frame.gsd)))
    down, right = np.gradient(around, np.float32(1))
    side = sight.wall
    at = (sight.rows[side], sight.cols[side])
    south, east = np.asarray(down)[at], np.asarray(right)[at]
    length = np.maximum(np.hypot(south, east), 1e-3)
    facing = -(east * np.sin(sun.azimuth) - south * np.cos(sun.azimuth)) / length
    glow = np.clip(facing, 0, 1) / np.float32(np.tan(sun.elevation))
    up = sight.height[side] / np.maximum(height[at], 0.1)
    kind = codes[side]

    house, crown = kind == BUILDING, kind == TREE
    colour = albedo[:, side] * np.where(crown, 0.55 + 0.45 * up, 0.8)
    number = place.roofs.index[at]
    colour[:, house] = (_PLASTER[number * 7919 % len(_PLASTER)].T * _windows(place, sight, height))[:, house]
    albedo[:, side] = colour
    direct[side] = np.where(crown, direct[side] * 0.8, np.clip(glow, 0, 1.3))
    sky[side] *= np.where(crown, 0.8, 0.45 + 0.35 * np.clip(up, 0, 1)).astype(np.float32)


def _windows(place: Place, sight: Sight, height: Floats) -> Floats:
    """Relative brightness of walls: bands of windows between the storeys, broken into windows along the wall."""
    side = sight.wall
    at = (sight.rows[side], sight.cols[side])
    z, top = sight.height[side], height[at]
    storey = z % _STOREY
    band = (storey > 0.9) & (storey < 2.3) & (z < top - 0.5)
    x, y = (np.asarray(part, np.float32) * np.float32(place.frame.gsd) for part in (sight.cols[side], sight.rows[side]))
    cos, sin = np.cos(place.frame.angle), np.sin(place.frame.angle)
    pane = (((cos * x + sin * y) % 2.8) > 0.9) & (((cos * y - sin * x) % 2.8) > 0.9)
    return np.asarray(np.where(band & pane, 0.45, np.where(z < 0.6, 0.8, 1.0)), np.float32)
