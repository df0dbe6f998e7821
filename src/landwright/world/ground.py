"""From patches of ground to rasters: which patch lies where, and what is painted or sown on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely.geometry import mapping

from landwright.world.frame import Coordinates, Frame
from landwright.world.materials import MATERIALS
from landwright.world.noise import Codes, Floats
from landwright.world.plan import LAND, Curve, Patch, Pattern

_STALL_DEPTH, _STALL_CYCLE = 5.0, 16.0  # two rows of stalls and the aisle between them, in metres


class Zones(NamedTuple):
    """Wild land: the material of every pixel as a number, uint8 (H, W), into names of materials."""

    numbers: Codes
    materials: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground without anything on it; tables hold one entry per patch.

    Attributes:
        index: Patch of every pixel, int32 (H, W).
        codes: Land cover of the patches, uint8 (P,).
        materials: Names of their materials.
        colours: Their colour, float32 (4, P), 0..255.
        textures: Their contrasts (fine, patchy, broad, dry), float32 (4, P).
        rows: Relative brightness of crop rows, float32 (H, W), around 0.
        paint: Cover of white paint, float32 (H, W), 0..1.
    """

    index: NDArray[np.int32]
    codes: Codes
    materials: tuple[str, ...]
    colours: Floats
    textures: Floats
    rows: Floats
    paint: Floats


def draw_ground(
    patches: list[Patch],
    frame: Frame,
    background: str,
    tint: tuple[float, float, float, float],
    zones: Zones | None = None,
) -> Ground:
    """Rasterise the patches of a plan.

    Args:
        patches: Ground in any order of layers; within a layer later patches lie on top.
        frame: Frame of the scene.
        background: Material where no patch lies; it is also the first patch of the tables.
        tint: Factor on the four bands of all ground.
        zones: What lies where there is no patch, instead of the background.

    Returns:
        The ground.
    """
    land = [background, *(zones.materials if zones else ())]
    ordered = [Patch(shapely.Polygon(), name, LAND, 1.0, None) for name in land]
    ordered += sorted(patches, key=lambda patch: patch.layer)
    shapes = shapely.segmentize([patch.shape for patch in ordered], 8.0)
    on_image = shapely.transform(shapes, lambda uv: np.column_stack(frame.pixels(uv[:, 0], uv[:, 1])))
    view = shapely.box(-1, -1, frame.size + 1, frame.size + 1)
    seen = np.flatnonzero(shapely.intersects(on_image, view))
    burn = [(mapping(on_image[k]), int(k)) for k in seen]
    side = (frame.size, frame.size)
    index = rasterize(burn, out_shape=side, fill=0, dtype="int32") if burn else np.zeros(side, np.int32)
    if zones:
        index = np.where(index == 0, zones.numbers.astype(np.int32) + 1, index)
    used = [MATERIALS[patch.material] for patch in ordered]
    colours = np.array([material.colour for material in used], np.float32) * np.array(tint, np.float32)
    colours *= np.array([[patch.tint] for patch in ordered], np.float32)
    textures = np.array([(m.fine, m.patchy, m.broad, m.dry) for m in used], np.float32)
    rows, paint = _draw_patterns(index, [patch.pattern for patch in ordered], frame)
    codes = np.array([material.code for material in used], np.uint8)
    materials = tuple(patch.material for patch in ordered)
    return Ground(index, codes, materials, colours.T.copy(), textures.T.copy(), rows, paint)


def _draw_patterns(
    index: NDArray[np.int32], patterns: list[Pattern | Curve | None], frame: Frame
) -> tuple[Floats, Floats]:
    straight = [pattern if isinstance(pattern, Pattern) else None for pattern in patterns]
    kinds = np.array([0 if p is None else ("rows", "road", "stalls").index(p.kind) + 1 for p in straight], np.uint8)
    numbers = np.array(
        [
            (0, 0, 1, 0, 0, 0, 1, 0)
            if p is None
            else (p.along == "v", p.origin, p.size, p.start, *p.pose[:2], np.cos(p.pose[2]), np.sin(p.pose[2]))
            for p in straight
        ]
    )
    kind = kinds[index]
    rows, paint = np.zeros(index.shape, np.float32), np.zeros(index.shape, np.float32)
    for number, (target, draw) in enumerate(((rows, _crops), (paint, _lanes), (paint, _stalls)), start=1):
        where = np.nonzero(kind == number)
        u, v = frame.layout_of_pixels(*where)
        along_v, origin, size, start, u0, v0, cos, sin = numbers[index[where]].T
        u, v = (u - u0) * cos + (v - v0) * sin, (v - v0) * cos - (u - u0) * sin
        across = np.where(along_v > 0, u, v) - origin
        along = np.where(along_v > 0, v, u) - start
        target[where] = draw(across, along, size, frame.gsd)
    for number, pattern in enumerate(patterns):
        if isinstance(pattern, Curve):
            where = np.nonzero(index == number)
            points = shapely.points(*frame.layout_of_pixels(*where))
            across = np.asarray(shapely.distance(pattern.line, points))
            along = np.asarray(shapely.line_locate_point(pattern.line, points))
            paint[where] = _lanes(across, along, np.full(across.shape, pattern.half), frame.gsd)
    return rows, paint


def _line(distance: Coordinates, width: float, gsd: float) -> Coordinates:
    """Cover of pixels by a line of ``width`` metres whose middle is ``distance`` away."""
    cover: Coordinates = min(1.0, width / gsd) * np.clip(1 - (np.abs(distance) - width / 2) / gsd, 0, 1)
    return cover


def _crops(across: Coordinates, along: Coordinates, size: Coordinates, gsd: float) -> Coordinates:
    # Rows finer than the pixel blend into one tone; only the tramlines of the tractor stay.
    strength = 0.11 * np.clip((size / gsd - 2.0) / 1.5, 0, 1)
    wobble = 0.25 * np.sin(along / 9.0 + across)
    tramlines = _line(across % 18.0 - 9.0, 0.8, gsd)
    result: Coordinates = strength * np.sin(2 * np.pi * (across + wobble) / size) - 0.13 * tramlines
    return result


def _lanes(across: Coordinates, along: Coordinates, size: Coordinates, gsd: float) -> Coordinates:
    wide = size > 5.0
    dashed = along % 9.0 < 3.5
    middle = _line(across, 0.16, gsd) * (dashed | wide)
    lanes = _line(np.abs(across) - size / 2, 0.14, gsd) * (dashed & wide)
    edges = _line(np.abs(across) - size + 0.5, 0.14, gsd) * wide
    result: Coordinates = 0.75 * np.maximum(middle, np.maximum(lanes, edges))
    return result


def _stalls(across: Coordinates, along: Coordinates, size: Coordinates, gsd: float) -> Coordinates:
    row = across % _STALL_CYCLE
    in_row = (row < _STALL_DEPTH) | (row > _STALL_CYCLE - _STALL_DEPTH)
    offset = along % size
    result: Coordinates = 0.7 * _line(np.minimum(offset, size - offset), 0.14, gsd) * in_row
    return result
