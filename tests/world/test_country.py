import numpy as np
import pytest
import shapely

from landwright.world.country import draw_country, draw_hills
from landwright.world.frame import draw_frame
from landwright.world.materials import MATERIALS
from landwright.world.noise import stream
from landwright.world.plan import STREET
from landwright.world.style import STYLES, get_family


def country(seed, style, family="terrain_g05_mid", size=300):
    frame = draw_frame(stream(seed, "frame"), size, 0.6, STYLES[style].bend)
    return frame, draw_country(seed, frame, STYLES[style], get_family(family))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_roads_trees_hills_and_wild_land(style):
    _, land = country(2, style)
    assert any(patch.layer >= STREET for patch in land.plan.patches)
    assert land.plan.trees
    assert np.ptp(land.elevation) > 0.5
    assert land.zones.numbers.max() < len(land.zones.materials)
    assert set(land.zones.materials) <= set(MATERIALS)


def test_buildings_keep_off_roads_and_water():
    for seed, style in ((1, "edge"), (6, "coastal"), (2, "urban")):
        _, land = country(seed, style)
        assert land.plan.buildings
        wet = [p.shape for p in land.plan.patches if p.material in ("water", "sea") and p.layer > STREET]
        roads = [p.shape for p in land.plan.patches if p.material in ("asphalt", "lane")]
        closed = shapely.union_all([*wet, *roads])
        assert not shapely.contains_xy(closed, [(b.u, b.v) for b in land.plan.buildings]).any()


def test_bare_land_is_steep_and_forest_stands_in_its_zone():
    frame, land = country(3, "mountain")
    slope = np.hypot(*np.gradient(land.elevation, frame.gsd))
    bare = land.zones.numbers >= 4
    assert slope[bare].mean() > 1.3 * slope[~bare].mean()
    assert 0.25 < (land.zones.numbers == 3).mean() < 0.65
    cols, rows = frame.pixels(*np.array([(t.u, t.v) for t in land.plan.trees]).T)
    seen = (cols >= 0) & (cols < 300) & (rows >= 0) & (rows < 300)
    zones = land.zones.numbers[rows[seen].astype(int), cols[seen].astype(int)]
    assert (zones == 3).mean() > 0.7


def test_the_family_raises_the_buildings_and_moves_nothing():
    _, low = country(4, "urban", "terrain_g05_low")
    _, high = country(4, "urban", "terrain_g05_high")
    assert [(b.u, b.v) for b in low.plan.buildings] == [(b.u, b.v) for b in high.plan.buildings]
    heights = [np.mean([b.height for b in land.plan.buildings]) for land in (low, high)]
    assert heights[1] > 1.5 * heights[0]


def test_hills_under_a_grid():
    frame = draw_frame(stream(1, "frame"), 120, 0.5, 1.0)
    hills = draw_hills(1, frame, STYLES["mountain"])
    assert hills.shape == (120, 120)
    assert 0.2 < np.ptp(hills) < 30
