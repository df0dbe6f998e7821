from __future__ import annotations

import numpy as np
import pytest
import shapely
from rasterio.features import rasterize

from landwright.maps.pieces import canonical, trace
from landwright.maps.right_angles import right_angled

TOLERANCE = 1.25


def drawn(shape: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon, bool]:
    """The steps of a shape's pixels, what becomes of them, and whether it is right-angled."""
    image = rasterize([shape], out_shape=(160, 160), dtype="uint8").astype(np.int32)
    polygons, _ = trace(image, 0, 0, mask=image > 0)
    steps = canonical(polygons)
    shapes, right = right_angled(steps, shapely.simplify(steps, TOLERANCE), TOLERANCE)
    return steps[0], shapes[0], bool(right[0])


def placed(shape: shapely.Polygon, angle: float) -> shapely.Polygon:
    return shapely.affinity.translate(shapely.affinity.rotate(shape, angle, origin=(0, 0)), 75.3, 70.6)


def cosines(ring) -> np.ndarray:
    walls = np.diff(shapely.get_coordinates(ring), axis=0)
    units = walls / np.hypot(*walls.T)[:, None]
    return np.abs((units * np.roll(units, 1, axis=0)).sum(axis=1))


SHAPES = {
    "house": (shapely.box(0, 0, 40, 22), 4),
    "L": (shapely.box(0, 0, 45, 36).difference(shapely.box(22, 18, 45, 36)), 6),
    "court": (shapely.box(0, 0, 50, 44).difference(shapely.box(12, 12, 38, 32)), 4),
}


@pytest.mark.parametrize("angle", [0, 7, 20, 38, 45, 61, 84])
@pytest.mark.parametrize("name", SHAPES)
def test_buildings_in_any_direction(name, angle):
    plain, walls = SHAPES[name]
    truth = placed(plain, angle)
    _, made, right = drawn(truth)
    assert right
    assert len(made.exterior.coords) - 1 == walls
    assert len(made.interiors) == len(truth.interiors)
    for ring in (made.exterior, *made.interiors):
        assert cosines(ring).max() < 1e-9
    assert made.area == pytest.approx(truth.area, rel=0.03)
    assert made.intersection(truth).area / made.union(truth).area > 0.93


def test_pixels_along_the_axes_are_met_exactly():
    steps, made, right = drawn(shapely.box(10, 20, 50, 45))
    assert right
    assert made.equals(steps)


@pytest.mark.parametrize(
    "shape",
    [
        placed(shapely.Point(0, 0).buffer(20), 0),
        placed(shapely.Polygon([(0, 0), (50, 0), (0, 50)]), 10),
        shapely.box(10, 10, 60, 11),
    ],
    ids=["tank", "triangle", "one pixel wide"],
)
def test_what_does_not_fit_keeps_its_outline(shape):
    steps, made, right = drawn(shape)
    assert not right
    assert made.equals(shapely.simplify(steps, TOLERANCE))


def test_walls_shorter_than_the_tolerance_go():
    house = shapely.box(10, 10, 60, 40).union(shapely.box(30, 40, 45, 41))
    _, made, right = drawn(house)
    assert right
    assert len(made.exterior.coords) == 5


def test_noise_is_valid_and_keeps_its_area():
    image = (np.random.default_rng(0).random((80, 80)) < 0.5).astype(np.int32)
    polygons, _ = trace(image, 0, 0, mask=image > 0)
    steps = canonical(polygons)
    shapes, right = right_angled(steps, shapely.simplify(steps, TOLERANCE), TOLERANCE)
    assert shapely.is_valid(shapes).all()
    assert right.any()
    assert (np.abs(shapely.area(shapes[right]) / shapely.area(steps[right]) - 1) <= 0.1).all()
