"""A place as rasters: what its plan becomes before any light falls on it."""

from __future__ import annotations

from typing import NamedTuple

from landwright.world.buildings import Roofs
from landwright.world.crowns import Crowns
from landwright.world.frame import Frame
from landwright.world.ground import Ground
from landwright.world.noise import Floats
from landwright.world.plan import Car, Tree


class Place(NamedTuple):
    """Everything that does not change between two dates of a scene, as rasters.

    ``elevation`` of the land in metres, float32 (H, W), shades the picture; heights are above it. None = plain.
    """

    frame: Frame
    ground: Ground
    roofs: Roofs
    crowns: Crowns
    trees: list[Tree]
    cars: list[Car]
    fields: tuple[Floats, Floats, Floats, Floats]
    elevation: Floats | None = None
