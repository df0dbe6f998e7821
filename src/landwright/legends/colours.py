"""Colours for classes that come with words alone."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]

_CANDIDATES = 1024
_GOLDEN = 0.618033988749895  # of the colour circle: neighbours in the list are far apart

_HABIT: dict[Rgb, str] = {
    (60, 60, 60): "background, clutter, other, unknown",
    (222, 31, 7): "building, house, roof, barn, shed, church, school, facade",
    (250, 190, 70): "road, street, highway, motorway, bridge, path, track, railway, runway",
    (148, 148, 148): "pavement, parking lot, impervious surface, concrete, asphalt, sidewalk, car park, urban",
    (34, 97, 38): "tree, forest, wood, woodland, vegetation, canopy",
    (130, 220, 90): "grass, grassland, lawn, meadow, low vegetation, rangeland, shrub, bush, park",
    (75, 181, 73): "cropland, crop, field, farmland, agriculture, agricultural, orchard, vineyard, paddy",
    (0, 69, 255): "water, river, lake, sea, pond, canal, ocean, stream, reservoir",
    (90, 210, 250): "swimming pool, pool, ice, glacier",
    (168, 137, 100): "bareland, barren, bare ground, bare soil, soil, earth, land, ground, mud",
    (240, 225, 170): "sand, beach, desert",
    (245, 245, 245): "snow, cloud",
    (192, 0, 192): "car, vehicle, truck, bus, van",
    (255, 230, 0): "person, human, people, pedestrian",
    (120, 60, 160): "ship, boat, vessel, harbor, harbour",
    (40, 40, 140): "plane, airplane, aircraft, helicopter",
    (20, 60, 90): "solar panel, solar",
}
_BY_WORD = {word: colour for colour, words in _HABIT.items() for word in words.split(", ")}


def choose_colours(classes: Sequence[Sequence[str]], given: Sequence[Rgb | None] | None = None) -> list[Rgb]:
    """Give every class a colour of its own, the one that maps usually have where a word has one.

    Args:
        classes: The words of each class, at most 254 classes.
        given: Colours that are decided already, None for the others.

    Returns:
        One (red, green, blue) for each class, each 0..255. Those that are not given are distinct from one another and
        from the given ones, and the same for the same words.
    """
    chosen: list[Rgb | None] = list(given) if given is not None else [None] * len(classes)
    for position, words in enumerate(classes):
        usual = next(filter(None, map(_usual, words)), None)
        if chosen[position] is None and usual not in chosen:
            chosen[position] = usual
    rest = iter(_far_from([colour for colour in chosen if colour is not None], chosen.count(None)))
    return [next(rest) if colour is None else colour for colour in chosen]


def _usual(phrase: str) -> Rgb | None:
    """The usual colour of a phrase, or of its last word that has one: "flat roofs of houses" is a house."""
    whole = phrase.casefold()
    for word in (whole, *reversed(whole.split())):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in _BY_WORD:
                return _BY_WORD[form]
    return None


def _far_from(taken: Sequence[Rgb], count: int) -> list[Rgb]:
    """Colours as far from the taken ones and from each other as they come."""
    candidates = _circle()
    nearest = np.full(len(candidates), np.inf)
    for colour in taken:
        nearest = np.minimum(nearest, _distance(candidates, np.asarray(colour, np.float64)))
    found: list[Rgb] = []
    for _ in range(count):
        best = candidates[int(nearest.argmax())]
        found.append((int(best[0]), int(best[1]), int(best[2])))
        nearest = np.minimum(nearest, _distance(candidates, best))
    return found


def _circle() -> NDArray[np.float64]:
    turns = np.arange(_CANDIDATES)
    hues, lights = turns * _GOLDEN % 1, 0.35 + 0.1 * (turns % 5)
    colours = [colorsys.hls_to_rgb(hue, light, 0.7) for hue, light in zip(hues, lights, strict=True)]
    return np.rint(np.array(colours, np.float64) * 255)


def _distance(colours: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = ((colours - other) ** 2).sum(axis=1)
    return squares
