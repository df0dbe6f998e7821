"""From plan to rasters: trees with their crowns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landwright.world.frame import Frame
from landwright.world.noise import Floats, Mask
from landwright.world.plan import Tree


@dataclass(frozen=True, eq=False)
class Crowns:
    """All trees, as rasters.

    Attributes:
        index: 1 + tree of every pixel, 0 without, int32 (H, W).
        height: Top of the crown in metres above ground, float32 (H, W).
        relief: Metres over the lower edge of the crown, float32 (H, W): what shades it.
    """

    index: NDArray[np.int32]
    height: Floats
    relief: Floats


def _stamps(rng: np.random.Generator, radius: float, conifer: bool) -> tuple[Floats, Floats]:
    """Make one crown of ``radius`` pixels: height as a share of the top, and relief as a share of the radius."""
    reach = int(np.ceil(radius * 1.2))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    angle = np.arctan2(y, x)
    outline = np.full_like(angle, radius)
    for order, strength in ((2, 0.08), (3, 0.07), (5, 0.07), (8, 0.05)):
        wave = np.cos(order * angle + np.float32(rng.uniform(0, 6.3)))
        outline *= 1 + np.float32(strength * (0.3 if conifer else 1.0)) * wave
    share = np.hypot(x, y) / np.maximum(outline, 0.5)
    profile = np.clip(1 - share, 0, 1) if conifer else np.sqrt(np.clip(1 - share**2, 0, 1))
    lumps = 1 + np.float32(0.10 if conifer else 0.16) * rng.standard_normal(profile.shape, np.float32)
    height = np.where(share < 1, np.clip(0.45 + 0.55 * profile * lumps, 0.3, 1), 0).astype(np.float32)
    return height, np.where(share < 1, profile * lumps * np.float32(1.5 if conifer else 0.9), 0).astype(np.float32)


def draw_crowns(rng: np.random.Generator, trees: list[Tree], frame: Frame, rooted: Mask) -> Crowns:
    """Draw the trees, the taller over the lower, where their trunk stands on ``rooted`` ground (bool (H, W))."""
    side = (frame.size, frame.size)
    index, height, relief = np.zeros(side, np.int32), np.zeros(side, np.float32), np.zeros(side, np.float32)
    places = np.array([(t.u, t.v) for t in trees]).reshape(-1, 2).T
    cols, rows = (np.floor(c).astype(np.intp) for c in frame.pixels(*places))
    inner = (cols >= 0) & (cols < frame.size) & (rows >= 0) & (rows < frame.size)
    grows = np.ones(len(trees), bool)  # trunks outside the picture may reach into it
    grows[inner] = rooted[rows[inner], cols[inner]]
    variants = rng.integers(0, 5, len(trees))
    shapes: dict[tuple[int, bool, int], tuple[Floats, Floats]] = {}
    for number in np.flatnonzero(grows):
        tree, col, row = trees[number], int(cols[number]), int(rows[number])
        half_pixels = max(2, round(2 * tree.radius / frame.gsd))
        margin = int(half_pixels * 0.6) + 2
        if not (-margin < col < frame.size + margin and -margin < row < frame.size + margin):
            continue
        key = (half_pixels, tree.conifer, int(variants[number]))
        if key not in shapes:
            shapes[key] = _stamps(rng, half_pixels / 2, tree.conifer)
        crown, bumps = shapes[key]
        reach = crown.shape[0] // 2
        top, left = max(0, row - reach), max(0, col - reach)
        at = (slice(top, row + reach + 1), slice(left, col + reach + 1))
        held = height[at]
        if not held.size:
            continue
        down, right = top - row + reach, left - col + reach
        part = (slice(down, down + held.shape[0]), slice(right, right + held.shape[1]))
        tall = crown[part] * np.float32(tree.height)
        higher = tall > held
        held[higher] = tall[higher]
        index[at][higher] = number + 1
        relief[at][higher] = bumps[part][higher] * np.float32(tree.radius)
    return Crowns(index, height, relief)
