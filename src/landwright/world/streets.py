"""Streets: a square of land is cut again and again into blocks, and the cuts become streets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from landwright.world.plan import AVENUE, STREET, Axis, Box, Pattern, Plan

_AVENUES, _DISTRICT = 2, 260.0  # the first cuts, and those of land longer than this (m), are wide and bridge rivers


class Street(NamedTuple):
    """A straight street in layout coordinates: its surface, the axis it runs along and whether it is an avenue."""

    box: Box
    along: Axis
    avenue: bool


def cut(rng: np.random.Generator, box: Box, target: float) -> list[Box]:
    """Cut a box into lots of about ``target`` metres, without gaps."""
    side = max(box.width, box.height)
    if side < target * rng.uniform(1.15, 1.65):
        return [box]
    first, second = _halve(box, rng.uniform(0.38, 0.62), 0.0)
    return cut(rng, first, target) + cut(rng, second, target)


def draw_streets(
    rng: np.random.Generator, box: Box, side: Callable[[float, float], float], level: int = 0
) -> tuple[list[Box], list[Street]]:
    """Cut a box into blocks, with streets between them.

    Args:
        rng: Random stream.
        box: Land to divide.
        side: Wanted side of a block in metres, by place.
        level: Depth of the cut; the first two are avenues, and those of large pieces.

    Returns:
        The blocks, and the streets from narrow to wide.
    """
    wanted = side(*box.centre)
    longest = max(box.width, box.height)
    if longest < wanted * rng.uniform(1.3, 1.8) or min(box.width, box.height) < 30:
        return [box], []
    avenue = level < _AVENUES or longest > _DISTRICT
    gap = float(rng.uniform(11, 15) if avenue else rng.uniform(6.5, 9.0))
    share = rng.uniform(0.40, 0.60) if avenue else rng.uniform(0.36, 0.64)
    first, second = _halve(box, share, gap)
    if box.width >= box.height:
        street = Street(Box(first.u1, box.v0, second.u0, box.v1), "v", avenue)
    else:
        street = Street(Box(box.u0, first.v1, box.u1, second.v0), "u", avenue)
    blocks_a, streets_a = draw_streets(rng, first, side, level + 1)
    blocks_b, streets_b = draw_streets(rng, second, side, level + 1)
    return blocks_a + blocks_b, streets_a + streets_b + [street]


def pave(rng: np.random.Generator, streets: list[Street], plan: Plan) -> None:
    """Lay the streets' surfaces, markings and the cars on them."""
    for street in streets:
        box = street.box
        half = (box.height if street.along == "u" else box.width) / 2
        middle = box.centre[1] if street.along == "u" else box.centre[0]
        material = "asphalt" if street.avenue or rng.random() < 0.75 else "lane"
        pattern = Pattern("road", street.along, middle, half) if material == "asphalt" else None
        plan.patch(box, material, layer=AVENUE if street.avenue else STREET, pattern=pattern)
        start, stop = (box.u0, box.u1) if street.along == "u" else (box.v0, box.v1)
        for s in rng.uniform(start, stop, rng.poisson((stop - start) / (22 if street.avenue else 30))):
            kerb = rng.random() < (0.2 if street.avenue else 0.7)
            t = middle + (1 if rng.random() < 0.5 else -1) * (half - 1.2 if kerb else half * 0.42)
            plan.car(*((float(s), t) if street.along == "u" else (t, float(s))), street.along)


def _halve(box: Box, share: float, gap: float) -> tuple[Box, Box]:
    if box.width >= box.height:
        middle = box.u0 + box.width * share
        return box._replace(u1=middle - gap / 2), box._replace(u0=middle + gap / 2)
    middle = box.v0 + box.height * share
    return box._replace(v1=middle - gap / 2), box._replace(v0=middle + gap / 2)
