"""Built blocks: gardens with houses, blocks of flats and shops, sheds and yards."""

from __future__ import annotations

import numpy as np

from landwright.world.plan import SIDES, Axis, Box, Car, Pattern, Plan, RoofKind, Strip, across
from landwright.world.streets import cut
from landwright.world.style import Style

Colour = tuple[float, float, float, float]

TILES: tuple[Colour, ...] = (
    (158, 96, 74, 150), (140, 82, 64, 135), (176, 116, 88, 165), (112, 92, 82, 110),
    (96, 95, 98, 95), (78, 78, 82, 80), (126, 116, 106, 120), (106, 112, 122, 105),
)  # fmt: skip
SLABS: tuple[Colour, ...] = (
    (192, 189, 183, 190), (150, 147, 142, 150), (116, 115, 114, 115), (84, 85, 88, 85),
    (214, 212, 208, 210), (170, 158, 140, 165), (128, 136, 118, 170),
)  # fmt: skip
SHEETS: tuple[Colour, ...] = (
    (206, 208, 210, 200), (164, 168, 172, 165), (122, 142, 166, 130), (138, 82, 68, 130),
    (126, 134, 124, 135), (186, 178, 160, 180), (92, 100, 112, 95),
)  # fmt: skip


def _pick(rng: np.random.Generator, palette: tuple[Colour, ...]) -> Colour:
    base = np.array(palette[int(rng.integers(len(palette)))])
    red, green, blue, infrared = np.clip(base * rng.normal(1, 0.05) + rng.normal(0, 4, 4), 20, 240)
    return float(red), float(green), float(blue), float(infrared)


def _roof(rng: np.random.Generator, kinds: tuple[RoofKind, ...], chances: tuple[float, ...]) -> RoofKind:
    return kinds[int(rng.choice(len(kinds), p=chances))]


def houses(rng: np.random.Generator, block: Box, style: Style, tall: tuple[float, float], plan: Plan) -> None:
    """Fill a block with lots of houses in gardens, back to back."""
    plan.patch(block, "paving")
    inner = block.shrink(1.8)
    along: Axis = "u" if inner.width >= inner.height else "v"
    short = min(inner.width, inner.height)
    rows = 2 if short >= 32 else 1
    flip = bool(rng.random() < 0.5)
    for row in range(rows):
        strip = Strip(inner, along, (row == 1) != flip)
        depth = short / rows
        lots = max(1, round(strip.length / rng.uniform(13, 20)))
        for lot in range(lots):
            s0, s1 = strip.length * lot / lots, strip.length * (lot + 1) / lots
            house_lot(rng, strip, (s0, s1, depth), style, tall, plan)


def house_lot(
    rng: np.random.Generator,
    strip: Strip,
    lot: tuple[float, float, float],
    style: Style,
    tall: tuple[float, float],
    plan: Plan,
) -> None:
    """Fill a lot (start and end along the strip, depth, in metres) with a garden and, mostly, a house."""
    s0, s1, depth = lot
    width = s1 - s0
    plan.patch(strip.rectangle(s0, 0, s1, depth), str(rng.choice(style.yard)))
    for _ in range(rng.poisson(0.0105 * width * depth * style.trees)):
        u, v = strip.point(float(rng.uniform(s0 + 1, s1 - 1)), depth - 1 - abs(float(rng.normal(0, depth * 0.35))))
        plan.tree(u, v, scale=float(rng.uniform(0.55, 1.0)))
    if rng.random() < 0.08:
        return
    drive, setback = float(rng.uniform(2.6, 4.0)), float(rng.uniform(3.5, 6.5))
    side = width - drive - 1.6
    frontage, deep = side * float(rng.uniform(0.8, 1.0)), float(np.clip(depth * rng.uniform(0.32, 0.48), 6.5, 13))
    left = bool(rng.random() < 0.5)
    a = s0 + (drive + 0.8 if left else 0.8)
    d = s0 + 0.4 if left else s1 - drive - 0.4
    surface = str(rng.choice(("concrete", "paving", "gravel")))
    plan.patch(strip.rectangle(d, 0, d + drive, setback + deep * 0.7), surface)
    if rng.random() < 0.6:
        u, v = strip.point(d + drive / 2, setback * 0.5 + 1)
        plan.car(u, v, across(strip.along))
    height = float(np.clip(tall[0] * np.exp(tall[1] * rng.normal()) * 0.6, 3.2, 8.5))
    colour = _pick(rng, TILES)
    roof: RoofKind = _roof(rng, ("gable", "hip", "flat", "mono"), (0.5, 0.32, 0.12, 0.06))
    pitch = float(rng.uniform(0.4, 0.85))
    plan.building(strip.rectangle(a, setback, a + frontage, setback + deep), height, roof, colour, pitch=pitch)
    if rng.random() < 0.35 and depth > setback + deep + 6:
        wing, start = frontage * float(rng.uniform(0.35, 0.5)), a + (0 if rng.random() < 0.5 else frontage * 0.5)
        box = strip.rectangle(start, setback + deep, start + wing, setback + deep + float(rng.uniform(3, 5)))
        plan.building(box, height * 0.8, "flat" if roof == "flat" else "gable", colour, pitch=pitch * 0.8, joined=True)
    if rng.random() < 0.3:
        t = depth - float(rng.uniform(3.5, 4.5))
        box = strip.rectangle(d + 0.3, t, d + 0.3 + float(rng.uniform(2.4, 3.4)), depth - 0.8)
        plan.building(box, float(rng.uniform(2.3, 3.0)), "mono", _pick(rng, SHEETS), pitch=0.12)
    elif rng.random() < 0.08 and depth > setback + deep + 9:
        u, v = strip.point(a + frontage / 2, (setback + deep + depth) / 2)
        pool = Box(u - 3.5, v - 2.2, u + 3.5, v + 2.2)
        plan.patch(pool.polygon.buffer(1.2), "paving")
        plan.patch(pool.polygon.buffer(-0.2).buffer(0.2), "pool")


def flats(rng: np.random.Generator, block: Box, style: Style, tall: tuple[float, float], plan: Plan) -> None:
    """Fill a block with large flat-roofed buildings, parking lots and green courts on paved ground."""
    plan.patch(block, "concrete")
    inner = block.shrink(2.2)
    for lot in cut(rng, inner, float(rng.uniform(26, 42))):
        plan.patch(lot, "paving")
        use = rng.random()
        if use < 0.62 or min(lot.width, lot.height) < 14:
            large(rng, lot, tall, plan)
        elif use < 0.82:
            park_cars(rng, lot.shrink(1.5), plan)
        else:
            plan.patch(lot.shrink(1.6), "lawn")
            for _ in range(rng.poisson(0.016 * lot.width * lot.height * style.trees)):
                plan.tree(float(rng.uniform(lot.u0 + 2, lot.u1 - 2)), float(rng.uniform(lot.v0 + 2, lot.v1 - 2)))
    _avenue_trees(rng, block.shrink(1.1), style, plan)


def large(rng: np.random.Generator, lot: Box, tall: tuple[float, float], plan: Plan) -> None:
    """Put a large building on a lot, with one, two or three wings."""
    body = lot.shrink(float(rng.uniform(2.0, 4.5)))
    height = float(np.clip(tall[0] * np.exp(tall[1] * rng.normal()) * 1.35, 3.5, 250))
    roof: RoofKind = _roof(rng, ("flat", "tier", "hip", "gable"), (0.64, 0.16, 0.1, 0.1))
    colour = _pick(rng, TILES if roof in ("hip", "gable") else SLABS)
    pitch = float(rng.uniform(0.25, 0.5))
    form = rng.random() if min(body.width, body.height) > 17 and roof == "flat" else 0.0
    deep = float(rng.uniform(8.5, 11.5))
    if form < 0.55:
        plan.building(body, height, roof, colour, pitch=pitch)
        return
    plan.building(body._replace(v1=body.v0 + deep), height, roof, colour)
    wing = body._replace(u1=body.u0 + deep, v0=body.v0 + deep)
    plan.building(wing, height * float(rng.choice((1.0, 0.7))), roof, colour, joined=True)
    if form > 0.8:
        plan.building(body._replace(u0=body.u1 - deep, v0=body.v0 + deep), height, roof, colour, joined=True)
    plan.patch(Box(body.u0 + deep, body.v0 + deep, body.u1, body.v1).shrink(1.0), "lawn")


def _avenue_trees(rng: np.random.Generator, ring: Box, style: Style, plan: Plan) -> None:
    if rng.random() > 0.55 * style.trees:
        return
    gap, size = float(rng.uniform(9, 14)), float(rng.uniform(0.55, 0.8))
    for along, flipped in SIDES:
        strip = Strip(ring, along, flipped)
        for s in np.arange(gap / 2, strip.length, gap):
            if rng.random() < 0.8:
                plan.tree(*strip.point(float(s), 0.3), conifer=0.0, scale=size)


def park_cars(rng: np.random.Generator, lot: Box, plan: Plan) -> None:
    """Make a lot a parking lot: double rows of stalls along its longer side, some of them taken."""
    along: Axis = "u" if lot.width >= lot.height else "v"
    strip = Strip(lot, along, False)
    deep = min(lot.width, lot.height)
    origin, start = (lot.v0, lot.u0) if along == "u" else (lot.u0, lot.v0)
    plan.patch(lot, "parking", pattern=Pattern("stalls", along, origin, 2.5, start))
    taken = rng.uniform(0.25, 0.85)
    for row in np.arange(0.0, deep - 4.9, 16.0):
        for t in (row + 2.5, row + 13.5):
            if t > deep - 2.4:
                continue
            for s in np.arange(2.5, strip.length - 2.5, 2.5):
                if rng.random() < taken:
                    plan.car(*strip.point(float(s) + 1.25, float(t)), across(along))


def sheds(rng: np.random.Generator, block: Box, style: Style, tall: tuple[float, float], plan: Plan) -> None:
    """Fill a block with industry: large light roofs, yards, containers, parking."""
    plan.patch(block, "yard")
    for lot in cut(rng, block.shrink(2.0), float(rng.uniform(38, 62))):
        surface = str(rng.choice(("yard", "concrete", "gravel", style.soil), p=(0.45, 0.3, 0.1, 0.15)))
        plan.patch(lot.shrink(0.4), surface)
        use = rng.random()
        if use < 0.72:
            body = lot.shrink(float(rng.uniform(4, 8)))
            if rng.random() < 0.4:
                body = body._replace(v1=body.v0 + body.height * float(rng.uniform(0.55, 0.8)))
            height = float(np.clip(tall[0] * np.exp(tall[1] * rng.normal()) * 0.85, 4.0, 16.0))
            roof: RoofKind = _roof(rng, ("gable", "flat", "barrel", "saw"), (0.4, 0.35, 0.1, 0.15))
            plan.building(body, height, roof, _pick(rng, SHEETS), pitch=float(rng.uniform(0.1, 0.2)))
        elif use < 0.86:
            park_cars(rng, lot.shrink(1.5), plan)
        else:
            _containers(rng, lot.shrink(4.0), plan)
    if rng.random() < 0.6:
        edge = Strip(block, "u", bool(rng.random() < 0.5))
        plan.patch(edge.rectangle(0, 0, edge.length, 3.5), str(rng.choice(style.grass)))
        for s in np.arange(3, edge.length, 6.5 / style.trees):
            if rng.random() < 0.7:
                plan.tree(*edge.point(float(s), 1.8), scale=0.7)


def _containers(rng: np.random.Generator, lot: Box, plan: Plan) -> None:
    strip = Strip(lot, "u", False)
    for t in np.arange(1.5, lot.height - 1.5, 3.0):
        for s in np.arange(4.0, lot.width - 4.0, 12.8):
            if rng.random() < 0.6:
                u, v = strip.point(float(s) + 3, float(t))
                plan.cars.append(Car(u, v, 12.2, 2.44, 2.6 * int(rng.integers(1, 3)), "u", fixed=True))
