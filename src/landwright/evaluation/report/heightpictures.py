"""The pictures of height maps: metres on a ramp, errors on one that turns over at zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landwright.evaluation.heights.findings import HeightPreview
from landwright.evaluation.report.pictures import ScenePictures, caption
from landwright.maps import png_bytes

Colour = tuple[int, int, int]

METRES: tuple[Colour, ...] = ((40, 26, 74), (57, 82, 139), (33, 144, 141), (93, 201, 98), (253, 231, 37))
"""From the ground up; evenly spaced, and as light as high."""

ERROR: tuple[Colour, ...] = ((33, 82, 160), (150, 190, 225), (247, 247, 245), (235, 165, 135), (178, 38, 46))
"""Too low is blue, too high is red, right is pale."""

_UNKNOWN = 255
_CUT = 98.0
_LEAST = 1.0


def height_pictures(preview: HeightPreview) -> ScenePictures:
    """Draw imagery, reference, map and errors of one scene; reference and map share their scale.

    Args:
        preview: What the scene looks like.
    """
    reference, prediction = preview.reference, preview.prediction
    error = prediction - reference
    top, most = _limit(reference), _limit(np.abs(error))
    drawn = {
        "Imagery": preview.image,
        f"Reference, 0 (dark) to {top:.3g} m": ramp_picture(reference, METRES, 0.0, top),
        "Map on the same scale (white: none)": ramp_picture(prediction, METRES, 0.0, top),
        f"Error: blue too low, red too high, up to {most:.3g} m": ramp_picture(error, ERROR, -most, most),
    }
    pictures = {title: png_bytes(picture) for title, picture in drawn.items() if picture is not None}
    return ScenePictures(preview.name, caption(preview.shape, preview.gsd), pictures)


def ramp_picture(
    values: NDArray[np.float32], colours: tuple[Colour, ...], low: float, high: float
) -> NDArray[np.uint8]:
    """Show values in evenly spaced colours.

    Args:
        values: (h, w), NaN = unknown, drawn white.
        colours: From the lowest to the highest value.
        low: Value of the first colour.
        high: Value of the last colour; values beyond either have its colour.

    Returns:
        uint8 (3, h, w).
    """
    known = np.isfinite(values)
    stops = np.linspace(low, high, len(colours))
    picture = np.full((3, *values.shape), _UNKNOWN, np.uint8)
    for band, channel in zip(picture, np.asarray(colours, float).T, strict=True):
        band[known] = np.rint(np.interp(values[known], stops, channel))
    return picture


def _limit(values: NDArray[np.float32]) -> float:
    """Nearly the largest value, so that one chimney does not darken a town; at least a metre."""
    known = values[np.isfinite(values)]
    return max(_LEAST, float(np.percentile(known, _CUT))) if known.size else _LEAST
