"""One picture of the place at one date, together with the labels that belong to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from landwright.world.cars import draw_cars
from landwright.world.frame import Frame
from landwright.world.light import Sun, illuminate
from landwright.world.materials import BARE, BUILDING, DEVELOPED, ROAD, TREE, WATER
from landwright.world.noise import Codes, Floats, Mask, box_mean, field
from landwright.world.oblique import Lean, look
from landwright.world.plan import Car
from landwright.world.rasters import Place
from landwright.world.sensor import Sensor, take
from landwright.world.walls import light_sides

_CAR_COLOURS = np.array(
    [(222, 222, 224), (168, 170, 174), (52, 53, 56), (36, 38, 42), (150, 44, 40), (48, 72, 122), (120, 112, 98)],
    np.float32,
)
_CONTAINER_COLOURS = np.array(
    [(150, 70, 52), (60, 92, 132), (70, 108, 80), (190, 188, 182), (176, 138, 60)], np.float32
)


class View(NamedTuple):
    """A date.

    Attributes:
        image: Picture, uint8 (4, H, W).
        classes: Land cover as the picture shows it, uint8 (H, W).
        height: Height above ground as the picture shows it, in metres, float32 (H, W).
        map: Land cover seen from straight above, uint8 (H, W).
    """

    image: Codes
    classes: Codes
    height: Floats
    map: Codes


def draw_fields(rng: np.random.Generator, frame: Frame) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw the fields behind all textures: fine, patchy, broad and dryness."""
    scales = ((1.2, 1.6), (7.0, 3.0), (60.0, 3.5), (22.0, 3.2))
    fine, patchy, broad, dry = (
        field(rng, frame.size, gsd=frame.gsd, scale=scale, slope=slope) for scale, slope in scales
    )
    return fine, patchy, broad, dry


def render(rng: np.random.Generator, place: Place, standing: Mask, sensor: Sensor, lean: Lean) -> View:
    """Render a date.

    Args:
        rng: Stream of this date: sun, season, sensor, cars.
        place: The place.
        standing: Which buildings stand, bool (N,).
        sensor: Camera of the picture.
        lean: How it leans.

    Returns:
        The picture with its labels.
    """
    ground, roofs, crowns = place.ground, place.roofs, place.crowns
    built = np.concatenate([[False], standing])[roofs.index]
    leafy = (crowns.index > 0) & (crowns.height > np.where(built, roofs.height, 0))
    roof = built & ~leafy
    index = ground.index
    site = (roofs.index > 0) & ~built  # where a building is yet to come or gone, the earth is open
    codes = np.where(site, np.uint8(BARE), ground.codes[index])
    season, azimuth, elevation = (float(rng.uniform(*bounds)) for bounds in ((0, 1), (110, 250), (34, 62)))
    if place.elevation is not None:
        elevation = 46 + (elevation - 34) / 2  # hills are flown when the sun is high, or half of them lies in the dark
    sun = Sun(np.deg2rad(azimuth), np.deg2rad(elevation))

    albedo = _ground_colour(rng, place, codes, site, season)
    fine, patchy, _, _ = place.fields
    height = np.where(roof, roofs.height, 0)
    drivable = ((codes == ROAD) | (codes == DEVELOPED)) & ~built
    draw_cars(*_present(rng, place.cars), place.frame, drivable, albedo, height)
    weather = 1 + np.float32(0.04) * patchy[roof] + np.float32(0.03) * fine[roof]
    albedo[:, roof] = roofs.colour[:, roof] * weather
    albedo[:, leafy] = _leaves(rng, place, season)[:, crowns.index[leafy]] * (1 + np.float32(0.10) * fine[leafy])

    height[leafy] = crowns.height[leafy]
    relief = np.where(roof, roofs.relief, np.where(leafy, crowns.relief, 0)).astype(np.float32)
    if place.elevation is None:
        direct, sky = illuminate(height, relief, place.frame.gsd, sun)
    else:
        down, right = np.gradient(place.elevation, np.float32(place.frame.gsd))
        land = (np.where(roof, 0, down), np.where(roof, 0, right))  # roofs do not follow the land
        direct, sky = illuminate(height + place.elevation, relief, place.frame.gsd, sun, land)
    codes[roof], codes[leafy] = BUILDING, TREE
    if lean.angle == 0:
        return View(_sense(rng, albedo, direct, sky, sensor), codes, height, codes)
    sight = look(height, place.frame.gsd, lean)
    at = (sight.rows, sight.cols)
    albedo, direct, sky = albedo[:, *at], direct[at], sky[at]
    light_sides(place, sight, height, codes[at], sun, albedo, direct, sky)
    return View(_sense(rng, albedo, direct, sky, sensor), codes[at], sight.height, codes)


def _ground_colour(rng: np.random.Generator, place: Place, codes: Codes, site: Mask, season: float) -> Floats:
    """Colour of the ground with its textures, paint and water, float32 (4, H, W)."""
    ground, (fine, patchy, broad, dry) = place.ground, place.fields
    # From one date to the next every material changes its tone a little.
    names = sorted(set(ground.materials))
    drift = dict(zip(names, rng.normal(1, 0.035, len(names)), strict=True))
    tone = np.array([drift[name] for name in ground.materials], np.float32)
    albedo = np.take(ground.colours * tone, ground.index, axis=1)
    contrast = np.take(ground.textures, ground.index, axis=1)
    albedo[:, site] = np.array([[158], [138], [114], [165]], np.float32)
    contrast[:, site] = np.array([[0.14], [0.12], [0.05], [0.2]], np.float32)
    albedo *= 1 + contrast[0] * fine + contrast[1] * patchy + contrast[2] * broad + ground.rows * ~site
    straw = contrast[3] * np.clip(np.float32(0.6 * season) + np.float32(0.45) * dry, 0, 1)
    for band, strength in enumerate((0.55, 0.20, -0.02, -0.15)):
        albedo[band] *= 1 + np.float32(strength) * straw
    paint = ground.paint * (np.float32(0.85) + np.float32(0.15) * patchy).clip(0, 1) * ~site
    albedo += paint * (np.float32(222) - albedo)
    wet = codes == WATER
    if wet.any():
        share = box_mean(wet.astype(np.float32), max(1, round(4.0 / place.frame.gsd)))
        shallow = np.clip(2 - 2 * share, 0, 1)[wet]  # 0 some metres from the shore
        albedo[:3, wet] *= 1 + shallow * np.array([[0.45], [0.36], [0.18]], np.float32)
    return albedo


def _leaves(rng: np.random.Generator, place: Place, season: float) -> Floats:
    """Colour of every tree, float32 (4, 1 + N); entry 0 is unused."""
    count = len(place.trees) + 1
    conifer = np.array([False, *(tree.conifer for tree in place.trees)])
    base = np.where(conifer, np.array([[50], [66], [44], [125]]), np.array([[70], [90], [48], [175]]))
    bright = rng.normal(1, 0.13, count).clip(0.65, 1.4)
    turned = np.where(conifer, 0, (rng.beta(1.2, 4, count) * season)).clip(0, 1)
    turn = np.array([[0.9], [0.15], [-0.05], [-0.1]])
    return np.asarray(base * bright * (1 + turn * turned), np.float32)


def _present(rng: np.random.Generator, cars: list[Car]) -> tuple[list[Car], Floats]:
    """Choose the vehicles of this date and their colours."""
    draws = rng.random((len(cars), 2))
    here = [(car, draw) for car, (chance, draw) in zip(cars, draws, strict=True) if car.fixed or chance < 0.8]
    colours = [(_CONTAINER_COLOURS if car.fixed else _CAR_COLOURS) for car, _ in here]
    chosen = [table[int(draw * len(table))] for table, (_, draw) in zip(colours, here, strict=True)]
    rgb = np.array(chosen, np.float32).reshape(-1, 3)
    return [car for car, _ in here], np.concatenate([rgb, rgb.mean(1, keepdims=True)], 1)


def _sense(rng: np.random.Generator, albedo: Floats, direct: Floats, sky: Floats, sensor: Sensor) -> Codes:
    """Light the scene and take the picture: gain, haze, then the camera."""
    skylight = np.array([0.29, 0.32, 0.38, 0.24], np.float32)
    gain = rng.normal(1.0, 0.025, 4).astype(np.float32) * np.float32(rng.uniform(0.95, 1.18))
    haze = rng.uniform(4, 18) * np.array([0.75, 0.9, 1.2, 0.4]) + rng.uniform(-4, 4)
    sigma, strength = float(rng.uniform(0.45, 0.75)), float(rng.uniform(1.5, 3.5))
    image = np.empty_like(albedo)
    for band in range(albedo.shape[0]):
        light = (skylight[band] * sky + (1 - skylight[band]) * direct) * gain[band]
        image[band] = albedo[band] * light + np.float32(haze[band])
    return take(rng, image, sensor, sigma, strength)
