"""The plan of a place: what stands where, in layout metres and before any pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

LAND, STREET, RIVER, AVENUE, SEA = range(5)  # order of painting
Axis = Literal["u", "v"]
RoofKind = Literal["flat", "gable", "hip", "mono", "barrel", "saw", "tier"]
SIDES: tuple[tuple[Axis, bool], ...] = (("u", False), ("u", True), ("v", False), ("v", True))


class Box(NamedTuple):
    """An upright rectangle in layout metres."""

    u0: float
    v0: float
    u1: float
    v1: float

    @property
    def width(self) -> float:
        """Side along u."""
        return self.u1 - self.u0

    @property
    def height(self) -> float:
        """Side along v."""
        return self.v1 - self.v0

    @property
    def centre(self) -> tuple[float, float]:
        """Middle point."""
        return (self.u0 + self.u1) / 2, (self.v0 + self.v1) / 2

    @property
    def polygon(self) -> Polygon:
        """The box as a polygon."""
        return shapely.box(*self)

    def shrink(self, margin: float) -> Box:
        """Move every side inwards, at most to the middle."""
        du, dv = min(margin, self.width / 2), min(margin, self.height / 2)
        return Box(self.u0 + du, self.v0 + dv, self.u1 - du, self.v1 - dv)


class Pattern(NamedTuple):
    """A regular drawing on a patch.

    Attributes:
        kind: Crop ``rows``, lane markings of a ``road``, or parking ``stalls``.
        along: Axis that it runs along.
        origin: Coordinate of its first line (rows, stalls) or of its middle (road) across that axis.
        size: Distance of rows, half width of the road, or width of a stall, in metres.
        start: Coordinate along the axis where dashes and stalls begin.
        pose: Where the axes stand in the layout: origin (u, v) in metres and heading of their u axis in radians.
    """

    kind: Literal["rows", "road", "stalls"]
    along: Axis
    origin: float
    size: float
    start: float = 0.0
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Curve(NamedTuple):
    """Lane markings of a winding road: its middle line in layout metres, and half its width."""

    line: LineString
    half: float


class Patch(NamedTuple):
    """A piece of ground; later patches of a layer cover earlier ones."""

    shape: shapely.Geometry
    material: str
    layer: int
    tint: float
    pattern: Pattern | Curve | None


class Building(NamedTuple):
    """A box with a roof; ``half_u`` and ``half_v`` are half its sides, heights are in metres above ground.

    ``turn`` is the angle in radians by which its sides are turned against the axes of the layout.
    """

    u: float
    v: float
    half_u: float
    half_v: float
    height: float
    roof: RoofKind
    pitch: float
    colour: tuple[float, float, float, float]
    group: int
    turn: float = 0.0


class Tree(NamedTuple):
    """A tree: crown radius and top height in metres; ``conifer`` crowns are pointed and dark."""

    u: float
    v: float
    radius: float
    height: float
    conifer: bool


class Car(NamedTuple):
    """A vehicle or container: a place where one stands at some dates.

    ``along`` is the axis of its length, ``turn`` the angle in radians by which it is turned further.
    """

    u: float
    v: float
    length: float
    width: float
    height: float
    along: Axis
    fixed: bool
    turn: float = 0.0


Item = TypeVar("Item", Building, Tree, Car)


@dataclass
class Plan:
    """A plan under construction; `patch` and the lists take whatever the builders of blocks lay down.

    Attributes:
        rng: Stream for the small differences between like things.
        patches: Ground.
        buildings: Houses, blocks, sheds.
        trees: Trees.
        cars: Vehicles and containers.
        groups: Number of building groups so far; a group is built and torn down together.
    """

    rng: np.random.Generator
    patches: list[Patch] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    cars: list[Car] = field(default_factory=list)
    groups: int = 0

    def patch(
        self, shape: shapely.Geometry | Box, material: str, *, layer: int = LAND, pattern: Pattern | Curve | None = None
    ) -> None:
        """Lay ground; its brightness differs a little from patch to patch."""
        tint = float(np.clip(self.rng.normal(1.0, 0.06), 0.82, 1.18))
        self.patches.append(Patch(shape.polygon if isinstance(shape, Box) else shape, material, layer, tint, pattern))

    def building(
        self,
        box: Box,
        height: float,
        roof: RoofKind,
        colour: tuple[float, float, float, float],
        *,
        pitch: float = 0.0,
        joined: bool = False,
    ) -> None:
        """Put up a building; ``joined`` ones share the fate of the one before."""
        self.groups += not joined
        u, v = box.centre
        self.buildings.append(
            Building(u, v, box.width / 2, box.height / 2, height, roof, pitch, colour, self.groups - 1)
        )

    def tree(self, u: float, v: float, *, conifer: float = 0.15, scale: float = 1.0) -> None:
        """Plant a tree; ``conifer`` is the chance of a conifer, ``scale`` its size."""
        pointed = bool(self.rng.random() < conifer)
        low, high = (1.2, 2.4) if pointed else (1.7, 4.4)
        radius = float(self.rng.uniform(low, high)) * scale
        height = radius * float(self.rng.uniform(3.6, 5.2) if pointed else self.rng.uniform(2.0, 3.2)) + 1.5
        self.trees.append(Tree(u, v, radius, height, pointed))

    def car(self, u: float, v: float, along: Axis, *, turn: float = 0.0) -> None:
        """Mark a place for a passenger car."""
        length, width = float(self.rng.uniform(3.9, 4.9)), float(self.rng.uniform(1.7, 2.0))
        self.cars.append(Car(u, v, length, width, 1.5, along, fixed=False, turn=turn))

    def place(self, part: Plan, u: float, v: float, turn: float) -> None:
        """Lay down a part that was planned around its own origin, turned by ``turn`` radians; it keeps no curves."""
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        matrix = np.array([(cos, sin), (-sin, cos)])

        def move(item: Item) -> Item:
            return item._replace(u=u + cos * item.u - sin * item.v, v=v + sin * item.u + cos * item.v)

        for patch in part.patches:
            shape = shapely.transform(patch.shape, lambda points: points @ matrix + (u, v))
            pattern = patch.pattern._replace(pose=(u, v, turn)) if isinstance(patch.pattern, Pattern) else None
            self.patches.append(patch._replace(shape=shape, pattern=pattern))
        self.buildings += [move(b)._replace(group=b.group + self.groups, turn=turn) for b in part.buildings]
        self.trees += [move(tree) for tree in part.trees]
        self.cars += [move(car)._replace(turn=turn) for car in part.cars]
        self.groups += part.groups


def across(along: Axis) -> Axis:
    """Return the other axis."""
    return "v" if along == "u" else "u"


class Strip(NamedTuple):
    """One side of a block, in its own metres: ``s`` along the street, ``t`` from the street inwards."""

    box: Box
    along: Axis
    flipped: bool

    @property
    def length(self) -> float:
        """Metres along the street."""
        return self.box.width if self.along == "u" else self.box.height

    def point(self, s: float, t: float) -> tuple[float, float]:
        """Turn (s, t) into layout metres."""
        if self.along == "u":
            return self.box.u0 + s, self.box.v1 - t if self.flipped else self.box.v0 + t
        return self.box.u1 - t if self.flipped else self.box.u0 + t, self.box.v0 + s

    def rectangle(self, s0: float, t0: float, s1: float, t1: float) -> Box:
        """Turn a rectangle in (s, t) into a box."""
        (ua, va), (ub, vb) = self.point(s0, t0), self.point(s1, t1)
        return Box(min(ua, ub), min(va, vb), max(ua, ub), max(va, vb))
