"""Sun and sky: shading of slopes, cast shadows, and the dimmer sky between tall things."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from landwright.world.noise import Floats, box_mean


class Sun(NamedTuple):
    """Position of the sun: azimuth clockwise from north and elevation, in radians."""

    azimuth: float
    elevation: float


def _moved(values: Floats, rows: int, cols: int) -> Floats:
    """Return ``values[r + rows, c + cols]`` with the edges repeated."""
    high, wide = values.shape
    take_rows = np.clip(np.arange(high) + rows, 0, high - 1)
    take_cols = np.clip(np.arange(wide) + cols, 0, wide - 1)
    return values[take_rows][:, take_cols]


def sunlit(surface: Floats, gsd: float, sun: Sun) -> Floats:
    """Share of direct sun that reaches the surface.

    The upper envelope of all rays that graze the surface towards the sun is built by doubling: each pass looks twice
    as far as the one before, so a shadow of n pixels takes log2(n) passes.

    Args:
        surface: Heights in metres, float32 (H, W), north up.
        gsd: Metres per pixel.
        sun: Position of the sun.

    Returns:
        float32 (H, W), 0 in full shadow, 1 in the sun.
    """
    slope = np.tan(sun.elevation)
    reach = float(np.ptp(surface)) / (slope * gsd)
    envelope, step = surface, 1
    while step <= max(reach, 1):
        rows, cols = round(-np.cos(sun.azimuth) * step), round(np.sin(sun.azimuth) * step)
        drop = np.float32(np.hypot(rows, cols) * gsd * slope)
        envelope = np.maximum(envelope, _moved(envelope, rows, cols) - drop)
        step *= 2
    # A narrow penumbra, at least about as wide as the pixel, smooths the edge.
    shade = np.clip((envelope - surface) / np.float32(max(0.3, 0.6 * gsd * slope)), 0, 1)
    return np.asarray(1 - shade, np.float32)


def illuminate(
    surface: Floats, relief: Floats, gsd: float, sun: Sun, land: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Light on the scene, relative to flat open ground in the sun.

    Args:
        surface: Heights for shadows in metres, float32 (H, W).
        relief: Heights for slopes in metres, without the walls.
        gsd: Metres per pixel.
        sun: Position of the sun.
        land: Rise of the land itself per metre southwards and eastwards, where it is not plain.

    Returns:
        Direct sunlight and skylight, float32 (H, W) each; flat open ground has 1 of both.
    """
    down, right = np.gradient(relief, np.float32(gsd))
    if land is not None:
        down, right = down + land[0], right + land[1]
    east, south = np.sin(sun.azimuth) * np.cos(sun.elevation), -np.cos(sun.azimuth) * np.cos(sun.elevation)
    up = np.sin(sun.elevation)
    facing = (np.float32(up) - np.float32(east) * right - np.float32(south) * down) / np.sqrt(1 + right**2 + down**2)
    direct = np.clip(facing / np.float32(up), 0, 1.45) * sunlit(surface, gsd, sun)
    around = box_mean(surface, max(1, round(4.0 / gsd)))
    sky = 1 / (1 + np.float32(0.06) * np.clip(around - surface, 0, 30))
    return direct.astype(np.float32), sky.astype(np.float32)
