"""From plan to picture: cars and containers."""

from __future__ import annotations

import numpy as np

from landwright.world.frame import Frame
from landwright.world.noise import Floats, Mask
from landwright.world.plan import Car
from landwright.world.window import cut_window


def draw_cars(cars: list[Car], colours: Floats, frame: Frame, free: Mask, albedo: Floats, height: Floats) -> None:
    """Paint cars into ``albedo`` (B, H, W) and ``height`` (H, W), where their middle is on ``free`` ground.

    Args:
        cars: The vehicles present at this date.
        colours: float32 (N, 4).
        frame: Frame of the scene.
        free: Mask (H, W) of streets, yards and other ground that carries vehicles.
        albedo: Changed in place.
        height: Changed in place.
    """
    places = np.array([(car.u, car.v) for car in cars]).reshape(-1, 2).T
    cols, rows = frame.pixels(*places)
    headings = frame.heading(*places)
    for number in np.flatnonzero((cols >= 0) & (cols < frame.size) & (rows >= 0) & (rows < frame.size)):
        car, col, row = cars[number], float(cols[number]), float(rows[number])
        if not free[int(row), int(col)]:
            continue
        half = car.length / 2, car.width / 2
        heading = float(headings[number]) + car.turn + (np.pi / 2 if car.along == "v" else 0.0)
        window = cut_window(frame, col, row, heading, half)
        if window is None:
            continue
        p, q = window.p, window.q
        inside = (np.abs(p) < half[0]) & (np.abs(q) < half[1]) & free[window.rows, window.cols]
        glass = inside & (np.abs(np.abs(p + 0.25) - 1.2) < 0.35) & (car.length < 6)
        at = (window.rows, window.cols)
        for band in range(albedo.shape[0]):
            albedo[band][at][inside] = colours[number, band]
            albedo[band][at][glass] = 45
        height[at][inside] = car.height
