"""Which pixels of an image can be used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def usable(
    pixels: NDArray[Any], nodata: Sequence[float | None], marks: NDArray[Any] | None = None
) -> NDArray[np.bool_]:
    """Find the usable pixels.

    Args:
        pixels: (C, h, w) values.
        nodata: Declared nodata of each band, or None.
        marks: (h, w) mask or alpha; 0 is not usable.

    Returns:
        (h, w) bool, False where all bands hold nodata, a band is NaN or infinite, or the mask is 0.
    """
    valid: NDArray[np.bool_] = np.ones(pixels.shape[1:], bool) if marks is None else marks != 0
    if pixels.dtype.kind == "f":
        for band in pixels:
            valid &= np.isfinite(band)
    if any(value is None or not _representable(value, pixels.dtype) for value in nodata):
        return valid
    empty = np.ones(pixels.shape[1:], bool)
    for band, value in zip(pixels, nodata, strict=True):
        empty &= band == pixels.dtype.type(value)
    return valid & ~empty


def _representable(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether a band of this type can hold the declared nodata at all; NaN is found as not finite."""
    if dtype.kind == "f":
        return not math.isnan(value)
    limits = np.iinfo(dtype)
    return float(value).is_integer() and limits.min <= value <= limits.max
