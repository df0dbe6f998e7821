"""The coarse land-cover product: what a satellite map of 10 to 30 m, some years old, says about the place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from landwright.world.materials import BARE, BUILDING, DEVELOPED, FIELD, RANGE, ROAD, TREE, WATER
from landwright.world.noise import Codes, field

# What a cell of a class is mistaken for, and how often: classes alike in tone and season.
_CONFUSED: dict[int, tuple[float, tuple[int, ...]]] = {
    BARE: (0.15, (DEVELOPED, FIELD, RANGE)),
    RANGE: (0.10, (FIELD, TREE)),
    DEVELOPED: (0.12, (BUILDING, ROAD, BARE)),
    ROAD: (0.20, (DEVELOPED,)),
    TREE: (0.06, (RANGE,)),
    WATER: (0.03, (TREE,)),
    FIELD: (0.12, (RANGE, BARE)),
    BUILDING: (0.10, (DEVELOPED,)),
}
# What the land was before: towns grew on fields and meadows, fields on woods, lakes in pits.
_EARLIER: dict[int, tuple[int, ...]] = {
    BARE: (FIELD, RANGE, TREE),
    RANGE: (FIELD, TREE),
    DEVELOPED: (FIELD, RANGE, BARE),
    ROAD: (FIELD, RANGE, BARE),
    TREE: (RANGE, FIELD),
    WATER: (BARE, RANGE),
    FIELD: (RANGE, TREE),
    BUILDING: (FIELD, RANGE, BARE),
}


class Coarse(NamedTuple):
    """A coarse product: codes uint8 (h, w) and its upper left corner (easting, northing) in metres."""

    codes: Codes
    corner: tuple[float, float]


def draw_coarse(
    rng: np.random.Generator,
    classes: Codes,
    *,
    gsd: float,
    corner: tuple[float, float],
    cell: float,
    outdated: float = 0.1,
) -> Coarse:
    """Make the coarse product of a scene on its own grid, whose lines lie at whole multiples of the cell.

    Every cell takes the commonest class of the pixels in it; then whole patches go back to what the land was before,
    and single cells are mistaken for a similar class.

    Args:
        rng: Random stream.
        classes: Land cover, uint8 (H, W), codes 1..8.
        gsd: Its metres per pixel.
        corner: Upper left corner of the scene (easting, northing) in metres.
        cell: Side of a coarse cell in metres.
        outdated: Share of the cells that are outdated, 0..1.

    Returns:
        The product; it covers the scene, and its outer cells reach beyond it.
    """
    height, width = classes.shape
    left, top = np.floor(corner[0] / cell) * cell, np.ceil(corner[1] / cell) * cell
    cols = ((corner[0] - left + (np.arange(width) + 0.5) * gsd) // cell).astype(np.intp)
    rows = ((top - corner[1] + (np.arange(height) + 0.5) * gsd) // cell).astype(np.intp)
    shape = int(rows[-1]) + 1, int(cols[-1]) + 1
    cells = (rows[:, None] * shape[1] + cols[None]) * 9 + classes
    votes = np.bincount(cells.ravel(), minlength=shape[0] * shape[1] * 9).reshape(*shape, 9)
    codes = votes.argmax(-1).astype(np.uint8)

    # Outdated land lies in patches, and so does what it was before.
    side = max(shape)
    patches, era = (
        field(rng, side, gsd=cell, scale=scale * cell, slope=5.0)[: shape[0], : shape[1]].ravel() for scale in (8, 10)
    )
    flat = codes.ravel()
    for number in np.argsort(-patches, kind="stable")[: round(outdated * codes.size)]:
        flat[number] = _choose(_EARLIER[int(flat[number])], float(era[number]))
    luck = rng.random((2, codes.size))
    for number, (chance, choice) in enumerate(luck.T):
        often, others = _CONFUSED[int(flat[number])]
        if chance < often:
            flat[number] = others[int(choice * len(others))]
    return Coarse(codes, (float(left), float(top)))


def _choose(options: tuple[int, ...], value: float) -> int:
    """Pick an option by a standard normal value, so that neighbours pick alike."""
    return options[int(np.clip((value + 1.5) / 3.0, 0, 0.999) * len(options))]
