"""A scene: one seed, one place, all kinds of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio import Affine
from rasterio.crs import CRS

from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.world.buildings import draw_roofs
from landwright.world.coarse import draw_coarse
from landwright.world.country import draw_country, draw_hills
from landwright.world.crowns import draw_crowns
from landwright.world.frame import draw_frame
from landwright.world.ground import draw_ground
from landwright.world.materials import BUILDING, ROAD, WATER
from landwright.world.noise import Codes, Floats, Mask, stream
from landwright.world.oblique import Lean
from landwright.world.place import draw_place
from landwright.world.plan import Plan
from landwright.world.rasters import Place
from landwright.world.render import draw_fields, render
from landwright.world.sensor import get_sensor
from landwright.world.style import get_family, get_style

LEGEND = "openearthmap-8"
EPSG = 32633
_ORIGIN = (500007.0, 5400013.0)
_TAG_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Scene:
    """A synthetic place with its labels; all rasters but the coarse product share one grid.

    Attributes:
        image: The place today, uint8 (3 or 4, H, W): red, green, blue and, where asked for, near infrared.
        before: The place some years ago, under another sun and sensor, like ``image``.
        classes: Land cover today, uint8 (H, W), codes 1..8 of the legend ``openearthmap-8``.
        height: Height above ground today in metres, float32 (H, W).
        change: 255 where a building stands at one of the dates only, else 0, uint8 (H, W).
        coarse: Coarse, partly outdated and confused land cover, uint8 (h, w), codes as in ``classes``.
        tags: Names of the classes that cover at least 2 % of the scene today.
        gsd: Metres per pixel.
        coarse_gsd: Metres per coarse cell.
        corner: Upper left corner of the scene (easting, northing) in metres, EPSG:32633.
        coarse_corner: Upper left corner of the coarse product.
        seed: Seed that the place comes from.
        style: Kind of place.
        family: Family.
        sensor: Camera of the pictures.
        off_nadir: Their angle against straight down in degrees.
    """

    image: Codes
    before: Codes
    classes: Codes
    height: Floats
    change: Codes
    coarse: Codes
    tags: frozenset[str]
    gsd: float
    coarse_gsd: float
    corner: tuple[float, float]
    coarse_corner: tuple[float, float]
    seed: int
    style: str
    family: str
    sensor: str
    off_nadir: float

    @property
    def crs(self) -> CRS:
        """Coordinate reference system of all rasters."""
        return CRS.from_epsg(EPSG)

    @property
    def transform(self) -> Affine:
        """Geotransform of the scene."""
        return Affine(self.gsd, 0.0, self.corner[0], 0.0, -self.gsd, self.corner[1])

    @property
    def coarse_transform(self) -> Affine:
        """Geotransform of the coarse product."""
        return Affine(self.coarse_gsd, 0.0, self.coarse_corner[0], 0.0, -self.coarse_gsd, self.coarse_corner[1])


def make_scene(
    seed: int,
    *,
    size: int = 512,
    gsd: float | None = None,
    family: str = "grid_g05_mid",
    style: str | None = None,
    nir: bool = False,
    corner: tuple[float, float] = _ORIGIN,
    coarse_gsd: float = 20.0,
    sensor: str = "default",
    off_nadir: float = 0.0,
) -> Scene:
    """Make the scene of a seed; the same arguments give the same bytes.

    Args:
        seed: Seed of the place, at least 0.
        size: Side of the scene in pixels, at least 16.
        gsd: Metres per pixel (drawn from the family's range by default), 0.05 to 5.
        family: Kind of scenes, as SynRS3D names its folders.
        style: Kind of place (drawn by the seed by default).
        nir: Add near infrared as a fourth band; the other bands stay the same.
        corner: Upper left corner (easting, northing) in metres, EPSG:32633. It moves the grid of the coarse product
            against the scene and nothing else.
        coarse_gsd: Metres per cell of the coarse product, 5 to 1000.
        sensor: Camera of both pictures, see `landwright.world.sensor.SENSORS`: colour, contrast, sharpness and noise.
            It changes nothing of the place and its labels.
        off_nadir: Angle of both pictures against straight down in degrees, 0 to 40; the seed draws where they lean to.
            Land cover, height and change are those of the pictures: roofs lean over the ground, and walls are seen.

    Returns:
        The scene.

    Raises:
        UsageError: An argument is out of range or names nothing.
    """
    check_settings(
        seed, size=size, gsd=gsd, family=family, style=style, coarse_gsd=coarse_gsd, sensor=sensor, off_nadir=off_nadir
    )
    kind = get_family(family)
    rng = stream(seed, "scene")
    drawn_style, drawn_gsd = str(rng.choice(kind.styles)), float(rng.uniform(*kind.gsd))
    style, gsd = style or drawn_style, gsd or round(drawn_gsd, 3)
    look = get_style(style)
    frame = draw_frame(stream(seed, "frame"), size, gsd, look.bend)
    zones, elevation = None, None
    if kind.layout == "terrain":
        plan, zones, elevation = draw_country(seed, frame, look, kind)
    else:
        plan = draw_place(seed, frame, look, kind)
        elevation = draw_hills(seed, frame, look) if look.rugged else None
    ground = draw_ground(plan.patches, frame, look.grass[0], look.tint, zones)
    roofs = draw_roofs(stream(seed, "roofs"), plan.buildings, frame)
    soft = (ground.codes != ROAD) & (ground.codes != WATER)
    crowns = draw_crowns(stream(seed, "crowns"), plan.trees, frame, soft[ground.index] & (roofs.index == 0))
    fields = draw_fields(stream(seed, "fields"), frame)
    place = Place(frame, ground, roofs, crowns, plan.trees, plan.cars, fields, elevation)

    camera = get_sensor(sensor)
    lean = Lean(float(np.deg2rad(off_nadir)), float(stream(seed, "view").uniform(0, 2 * np.pi)))
    then, now = _histories(seed, plan)
    after = render(stream(seed, "after"), place, now, camera, lean)
    before = render(stream(seed, "before"), place, then, camera, lean)
    change = np.where((after.classes == BUILDING) != (before.classes == BUILDING), np.uint8(255), np.uint8(0))
    coarse = draw_coarse(stream(seed, "coarse"), after.map, gsd=gsd, corner=corner, cell=coarse_gsd)
    bands = 4 if nir else 3
    return Scene(
        after.image[:bands], before.image[:bands], after.classes, after.height, change, coarse.codes,
        _tags(after.classes), gsd, coarse_gsd, corner, coarse.corner, seed, style, family, sensor, off_nadir,
    )  # fmt: skip


def check_settings(
    seed: int,
    *,
    size: int,
    gsd: float | None,
    family: str,
    style: str | None,
    coarse_gsd: float,
    sensor: str,
    off_nadir: float,
) -> None:
    """Check the arguments of `make_scene`.

    Raises:
        UsageError: An argument is out of range or names nothing.
    """
    get_family(family)
    get_sensor(sensor)
    if style is not None:
        get_style(style)
    if seed < 0 or size < 16 or not (gsd is None or 0.05 <= gsd <= 5) or not 5 <= coarse_gsd <= 1000:
        raise UsageError(
            f"no world with seed {seed}, size {size}, GSD {gsd} and coarse GSD {coarse_gsd}",
            remedy="Use a seed of at least 0, a size of at least 16 pixels, a GSD of 0.05 to 5 m and a coarse GSD of 5 "
            "to 1000 m",
        )
    if not 0 <= off_nadir <= 40:
        raise UsageError(f"no picture {off_nadir} degrees off nadir", remedy="Use 0 to 40 degrees")


def _histories(seed: int, plan: Plan) -> tuple[Mask, Mask]:
    """Decide which buildings stood before and which stand today; a group comes and goes together."""
    rng = stream(seed, "history")
    new, gone = rng.uniform(0.10, 0.35), rng.uniform(0.02, 0.08)
    luck = rng.random(plan.groups)[[building.group for building in plan.buildings]]
    return luck >= new, luck < 1 - gone


def _tags(classes: Codes) -> frozenset[str]:
    legend = load_legend(LEGEND)
    shares = np.bincount(classes.ravel(), minlength=256) / classes.size
    return frozenset(entry.name for entry in legend.classes if shares[entry.code] >= _TAG_SHARE)
