"""The frame of a scene: streets are straight in layout coordinates and bend gently on the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Coordinates = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Maps layout metres (u, v) to image metres and pixels.

    Both start at the scene's centre. The image's y axis points down (south), x points east.

    Attributes:
        size: Side of the scene in pixels.
        gsd: Metres per pixel.
        angle: Heading of the u axis on the image, in radians, from x towards y.
        sway: Amplitudes of the two bends in metres.
        wave: Their wave numbers in radians per metre; ``sway * wave`` stays well below 1, so the map is one to one.
        phase: Their phases in radians.
    """

    size: int
    gsd: float
    angle: float
    sway: tuple[float, float]
    wave: tuple[float, float]
    phase: tuple[float, float]

    @property
    def extent(self) -> float:
        """Side of the scene in metres."""
        return self.size * self.gsd

    @property
    def reach(self) -> float:
        """Half side of the layout square that covers the scene in any rotation, in metres."""
        return 0.71 * self.extent + max(self.sway) + 10

    def layout(self, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Turn image metres into layout metres."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        a, b = cos * x + sin * y, cos * y - sin * x
        u = a + self.sway[0] * np.sin(self.wave[0] * b + self.phase[0])
        return u, b + self.sway[1] * np.sin(self.wave[1] * a + self.phase[1])

    def image(self, u: Coordinates, v: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Turn layout metres into image metres; the inverse of `layout` by fixed-point iteration."""
        a, b = u, v
        for _ in range(8):
            a, b = (
                u - self.sway[0] * np.sin(self.wave[0] * b + self.phase[0]),
                v - self.sway[1] * np.sin(self.wave[1] * a + self.phase[1]),
            )
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return cos * a - sin * b, sin * a + cos * b

    def pixels(self, u: Coordinates, v: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Turn layout metres into (column, row); pixel centres lie at halves."""
        x, y = self.image(u, v)
        return x / self.gsd + self.size / 2, y / self.gsd + self.size / 2

    def layout_of_pixels(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> tuple[Coordinates, Coordinates]:
        """Return the layout metres of the centres of the given pixels."""
        x, y = (np.asarray(places + 0.5 - self.size / 2, np.float64) * self.gsd for places in (cols, rows))
        return self.layout(x, y)

    def heading(self, u: Coordinates, v: Coordinates) -> Coordinates:
        """Return the local heading of the u axis on the image in radians."""
        x0, y0 = self.image(u - 1.0, v)
        x1, y1 = self.image(u + 1.0, v)
        heading: Coordinates = np.arctan2(y1 - y0, x1 - x0)
        return heading


def draw_frame(rng: np.random.Generator, size: int, gsd: float, bend: float) -> Frame:
    """Draw the frame of a scene; ``bend`` (0..1) says how far streets leave the straight line."""
    wave = 2 * np.pi / rng.uniform(260, 520, 2)
    sway = bend * rng.uniform(0.1, 0.3, 2) / wave
    phase = rng.uniform(0, 2 * np.pi, 2)
    angle = float(rng.uniform(0, 2 * np.pi))
    pairs = [(float(first), float(second)) for first, second in (sway, wave, phase)]
    return Frame(size, gsd, angle, *pairs)
