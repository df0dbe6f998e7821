import numpy as np
import shapely
from shapely.geometry import LineString

from landwright.world.frame import Frame
from landwright.world.ground import Zones, draw_ground
from landwright.world.materials import BARE, DEVELOPED, FIELD, RANGE, ROAD
from landwright.world.plan import AVENUE, LAND, Curve, Patch, Pattern

STRAIGHT = Frame(80, 0.5, 0.0, (0.0, 0.0), (0.01, 0.01), (0.0, 0.0))  # 40 m, layout = image
PLAIN = (1.0, 1.0, 1.0, 1.0)


def test_layers_decide_before_the_order_of_patches():
    road = Patch(shapely.box(-20, -5, 20, 5), "asphalt", AVENUE, 1.0, Pattern("road", "u", 0.0, 5.5))
    crop = Patch(shapely.box(-20, -20, 20, 20), "wheat", LAND, 1.1, Pattern("rows", "u", -20.0, 3.0))
    ground = draw_ground([road, crop], STRAIGHT, "lawn", PLAIN)
    codes = ground.codes[ground.index]
    assert (codes[31:49] == ROAD).all()
    assert (codes[:29] == FIELD).all()
    assert ground.rows[:29].std() > 0.03
    assert not ground.rows[31:49].any()
    assert ground.paint[40].mean() > 0.05  # the line in the middle of the road
    assert not ground.paint[:29].any()
    assert np.allclose(ground.colours[:, 1], np.array([178, 161, 100, 170]) * 1.1)


def test_parking_stalls_are_painted_in_rows():
    stalls = Patch(shapely.box(-15, -15, 15, 15), "parking", LAND, 1.0, Pattern("stalls", "u", -15.0, 2.5, -15.0))
    ground = draw_ground([stalls], STRAIGHT, "lawn", PLAIN)
    assert set(np.unique(ground.codes[ground.index])) == {RANGE, DEVELOPED}
    assert ground.paint[12:18, 12:68].mean() > 0.03  # stalls
    assert not ground.paint[22:30].any()  # aisle


def test_nothing_in_view_leaves_the_background():
    far = Patch(shapely.box(500, 500, 510, 510), "asphalt", LAND, 1.0, None)
    ground = draw_ground([far], STRAIGHT, "lawn", PLAIN)
    assert (ground.codes[ground.index] == RANGE).all()


def test_wild_land_shows_where_there_is_no_patch():
    numbers = np.zeros((80, 80), np.uint8)
    numbers[:, 40:] = 1
    road = Patch(shapely.box(-20, -5, 20, 5), "asphalt", AVENUE, 1.0, None)
    ground = draw_ground([road], STRAIGHT, "lawn", PLAIN, Zones(numbers, ("meadow", "soil")))
    codes = ground.codes[ground.index]
    assert (codes[:29, :40] == RANGE).all()
    assert (codes[:29, 40:] == BARE).all()
    assert (codes[31:49] == ROAD).all()


def test_winding_roads_and_turned_patterns_are_painted_along_themselves():
    line = LineString([(-20, -10), (0, 0), (20, 10)])
    road = Patch(line.buffer(6), "asphalt", AVENUE, 1.0, Curve(line, 6.0))
    paint = draw_ground([road], STRAIGHT, "lawn", PLAIN).paint
    assert paint[40, 40] > 0.1
    assert paint[30, 20] > 0.1
    assert not paint[40, 20]
    straight, turned = (
        draw_ground([Patch(shape, "parking", LAND, 1.0, pattern)], STRAIGHT, "lawn", PLAIN).paint
        for shape, pattern in (
            (shapely.box(-15, -15, 15, 15), Pattern("stalls", "u", -15.0, 2.5, -15.0)),
            (shapely.box(-15, -15, 15, 15), Pattern("stalls", "u", -15.0, 2.5, -15.0, (0.0, 0.0, np.pi / 2))),
        )
    )
    assert np.allclose(turned, np.rot90(straight, -1), atol=0.05)
