"""How maps of quantities are shown: one set of colours for QGIS and for web viewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from landwright.maps.qml import Colour, ramp_style

HEIGHT_NODATA = -9999.0
"""Value of nodata in height maps and their spreads, in metres."""

Ramp = Sequence[tuple[float, Colour]]


def _spaced(low: float, high: float, colours: Sequence[Colour]) -> Ramp:
    step = (high - low) / (len(colours) - 1)
    return tuple((low + step * place, colour) for place, colour in enumerate(colours))


@dataclass(frozen=True)
class Rendering:
    """Colours for metres, the same for every map, so that neighbouring maps can be compared.

    Attributes:
        name: Short name.
        title: What is shown.
        colormap: Name of the colours among those of matplotlib, as web viewers know them.
        ramp: The same colours at rising values in metres; values beyond take the colour of the end.
    """

    name: str
    title: str
    colormap: str
    ramp: Ramp

    def style(self) -> str:
        """Return the QML document for QGIS."""
        return ramp_style(self.ramp, "m")

    def stac(self) -> dict[str, Any]:
        """Return the field ``renders`` of the STAC Render extension 2.0, for an asset of this name."""
        return {
            self.name: {
                "title": self.title,
                "assets": [self.name],
                "rescale": [[self.ramp[0][0], self.ramp[-1][0]]],
                "nodata": HEIGHT_NODATA,
                "colormap_name": self.colormap,
            }
        }


HEIGHT = Rendering(
    "height",
    "Height above ground in metres",
    "viridis",
    _spaced(0, 30, ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))),
)
SPREAD = Rendering(
    "spread",
    "Standard deviation of the height over mirrored and turned views in metres",
    "magma",
    _spaced(0, 6, ((0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191))),
)
HEIGHT_LOSS = Rendering(
    "height_loss",
    "Height before less height after in metres",
    "rdbu_r",
    _spaced(-15, 15, ((5, 48, 97), (107, 172, 209), (247, 247, 247), (229, 131, 104), (103, 0, 31))),
)
