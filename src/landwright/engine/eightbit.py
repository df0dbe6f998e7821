"""Windows as 8-bit pictures, for filters and segments that were made for those."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landwright.bundles import Normalization

_GREY, _PER_DEVIATION = 127.5, 63.75
_BRIGHT = 200

WHITE = 255
"""Largest value of 8 bits."""


class EightBit:
    """Turns sensor units into 0..255: two standard deviations of a model's normalisation to either side of its mean.

    The same value looks the same in every window, whatever else is in it.

    Args:
        normalization: The model's input scaling.
    """

    def __init__(self, normalization: Normalization) -> None:
        """Keep the coefficients."""
        self._scale, self._shift = normalization.coefficients()

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return the picture (h, w, C) of pixels (C, h, w), valid or not (h, w); what is not counts as 0."""
        known = np.where(valid, pixels, 0)
        grey = np.rint((known * self._scale + self._shift) * _PER_DEVIATION + _GREY)
        picture: NDArray[np.uint8] = np.clip(grey, 0, 255).astype(np.uint8).transpose(1, 2, 0)
        return picture


def as_read(pixels: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the picture (h, w, C) of pixels (C, h, w) that are 0..255 already; what is not valid (h, w) is black."""
    picture: NDArray[np.uint8] = np.clip(np.rint(np.where(valid, pixels, 0)), 0, WHITE).astype(np.uint8)
    return picture.transpose(1, 2, 0)


def full_scale(normalization: Normalization) -> float:
    """Return the sensor value up to which a model has seen images."""
    # Published constants are often in sensor units, with nothing to divide by.
    bright = max(mean + 2 * std for mean, std in zip(normalization.mean, normalization.std, strict=True))
    return normalization.divide * (round(bright) if max(normalization.mean) > 1 else 1)


def is_eight_bit(normalization: Normalization) -> bool:
    """Return whether a model was made for 0..255, by its divisor or by published constants in sensor units."""
    return normalization.divide == WHITE or _BRIGHT <= full_scale(normalization) <= WHITE
