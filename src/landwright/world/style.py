"""Families (layout, GSD, building height) and styles (what kind of place) of the world, as tables."""

from __future__ import annotations

from typing import Literal, NamedTuple

from landwright.errors import UsageError

Layout = Literal["grid", "terrain"]
LAYOUTS: tuple[Layout, ...] = ("grid", "terrain")
_GSD = {"g005": (0.05, 0.30), "g05": (0.30, 0.60), "g1": (0.60, 1.00)}
_HEIGHT = {"low": (5.0, 0.35), "mid": (9.0, 0.50), "high": (24.0, 0.70)}


class Family(NamedTuple):
    """Scenes of one kind, named as in SynRS3D: ``{layout}_{gsd}_{height}``.

    SynRS3D's folders carry a version as well (``_v1``, ``_v2``); both are versions of one family.

    Attributes:
        name: The name.
        layout: ``grid``: blocks of streets on plain land; ``terrain``: hills, winding roads, scattered lots.
        styles: Styles that are drawn from.
        gsd: Smallest and largest metres per pixel.
        height: Median of the log-normal height of large buildings in metres, and its sigma.
    """

    name: str
    layout: Layout
    styles: tuple[str, ...]
    gsd: tuple[float, float]
    height: tuple[float, float]


class Style(NamedTuple):
    """A kind of place.

    Attributes:
        mix: Share of the land by use, from the middle of the town outwards.
        block: Smallest and largest side of a block of streets in metres.
        bend: How far streets bend, 0..1.
        grass: Materials of open green land.
        soil: Material of open bare land.
        yard: Materials of gardens.
        trees: Density of trees, 1 = temperate.
        water: Chances of a river, a lake and the sea.
        tint: Factor on red, green, blue and near infrared of all ground.
        hills: Standard deviation of the elevation, as a share of the scene's side (smallest, largest).
        forest: Share of the land under forest, in terrain families.
        conifers: Share of conifers in it.
        crag: Material of the steepest land.
        rugged: Whether the land is hilly in grid families too.
    """

    mix: dict[str, float]
    block: tuple[float, float]
    bend: float
    grass: tuple[str, ...]
    soil: str
    yard: tuple[str, ...]
    trees: float
    water: tuple[float, float, float]
    tint: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    hills: tuple[float, float] = (0.008, 0.022)
    forest: float = 0.34
    conifers: float = 0.25
    crag: str = "rubble"
    rugged: bool = False


_GREEN = ("lawn", "meadow")
STYLES = {
    "edge": Style(
        {"flats": 0.15, "sheds": 0.12, "houses": 0.24, "park": 0.08, "bare": 0.12, "field": 0.21, "wood": 0.08},
        (58, 92), 0.8, _GREEN, "soil", ("lawn", "lawn", "meadow"), 1.0, (0.6, 0.4, 0.0),
    ),
    "suburb": Style(
        {"flats": 0.08, "sheds": 0.05, "houses": 0.60, "park": 0.13, "bare": 0.05, "field": 0.03, "wood": 0.06},
        (62, 110), 1.0, _GREEN, "soil", ("lawn", "lawn", "meadow", "straw"), 1.2, (0.2, 0.3, 0.0),
    ),
    "urban": Style(
        {"flats": 0.62, "sheds": 0.16, "houses": 0.06, "park": 0.10, "bare": 0.06},
        (60, 110), 0.2, ("lawn",), "soil", ("lawn", "meadow"), 0.8, (0.25, 0.0, 0.0), (0.98, 0.98, 1.0, 1.0),
        (0.005, 0.015), 0.14,
    ),
    "rural": Style(
        {"houses": 0.13, "sheds": 0.04, "bare": 0.05, "field": 0.53, "park": 0.09, "wood": 0.16},
        (85, 170), 1.0, ("meadow", "meadow", "lawn"), "soil", ("lawn", "meadow"), 1.0, (0.35, 0.25, 0.0),
        hills=(0.008, 0.020), forest=0.42,
    ),
    "coastal": Style(
        {"flats": 0.18, "houses": 0.40, "sheds": 0.07, "park": 0.12, "bare": 0.10, "field": 0.05, "wood": 0.08},
        (60, 105), 0.6, ("lawn", "meadow", "straw"), "sand", ("lawn", "meadow", "sand"), 0.8, (0.0, 0.0, 1.0),
        (1.04, 1.02, 1.0, 1.0), (0.008, 0.024), 0.30, 0.15,
    ),
    "desert": Style(
        {"flats": 0.16, "houses": 0.30, "sheds": 0.09, "park": 0.05, "bare": 0.28, "field": 0.12},
        (60, 105), 0.4, ("scrub", "straw", "meadow"), "desert", ("desert", "scrub", "gravel"), 0.45, (0.1, 0.2, 0.0),
        (1.08, 1.0, 0.92, 0.9), (0.010, 0.026), 0.05, 0.0, "crag",
    ),
    "mountain": Style(
        {"flats": 0.02, "sheds": 0.03, "houses": 0.13, "park": 0.20, "bare": 0.12, "field": 0.10, "wood": 0.40},
        (75, 150), 1.0, ("meadow", "meadow", "scrub"), "soil", ("lawn", "meadow"), 1.1, (0.4, 0.15, 0.0),
        (0.98, 1.0, 1.0, 1.0), (0.028, 0.055), 0.55, 0.7, "crag", True,
    ),
}  # fmt: skip
_PLAIN = ("edge", "suburb", "urban", "rural", "coastal", "desert")
FAMILIES = {
    f"{layout}_{g}_{h}": Family(f"{layout}_{g}_{h}", layout, styles, gsd, height)
    for layout, styles in zip(LAYOUTS, (_PLAIN, tuple(STYLES)), strict=True)
    for g, gsd in _GSD.items()
    for h, height in _HEIGHT.items()
}


def get_family(name: str) -> Family:
    """Return a family by name.

    Raises:
        UsageError: There is no family of this name.
    """
    if name not in FAMILIES:
        raise UsageError(f"unknown family {name!r} of the world", remedy=f"Choose one of {', '.join(FAMILIES)}")
    return FAMILIES[name]


def get_style(name: str) -> Style:
    """Return a style by name.

    Raises:
        UsageError: There is no style of this name.
    """
    if name not in STYLES:
        raise UsageError(f"unknown style {name!r} of the world", remedy=f"Choose one of {', '.join(STYLES)}")
    return STYLES[name]
