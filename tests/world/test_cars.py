import numpy as np

from landwright.world.cars import draw_cars
from landwright.world.frame import Frame
from landwright.world.plan import Car

STRAIGHT = Frame(80, 0.5, 0.0, (0.0, 0.0), (0.01, 0.01), (0.0, 0.0))


def test_cars_stand_on_free_ground_only():
    albedo, height = np.full((4, 80, 80), 100, np.float32), np.zeros((80, 80), np.float32)
    free = np.ones((80, 80), bool)
    free[:, 60:] = False
    cars = [Car(u, v, 4.0, 2.0, 1.5, "u", fixed=False) for u, v in ((0, 0), (15, 0), (50, 0))]
    draw_cars(cars, np.full((3, 4), 250, np.float32), STRAIGHT, free, albedo, height)
    assert (height > 0).sum() == 8 * 4
    assert (height[38:42, 36:44] == 1.5).all()
    assert set(np.unique(albedo)) == {45, 100, 250}
