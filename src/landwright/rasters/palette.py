"""Palette images: when their colours mean the classes and not their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landwright.legends import Legend
from landwright.legends.lookup import UNKNOWN
from landwright.rasters.raster import Raster
from landwright.rasters.window import Window

_PROBE = 2048


def expand(numbers: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours of a palette image.

    Args:
        numbers: (h, w) palette entries.
        palette: (256, 3) colours.

    Returns:
        (3, h, w) uint8 colours.
    """
    return np.ascontiguousarray(np.moveaxis(palette[numbers], -1, 0))


def means_colours(raster: Raster, palette: NDArray[np.uint8], legend: Legend) -> bool:
    """Whether the palette's colours, not its numbers, are the classes.

    Paint programs number the entries of a palette in any order, a new one for every file: where all colours in use are
    the legend's, they decide. Otherwise the numbers are codes and the palette is only how they are shown.

    Args:
        raster: The open label raster of one band.
        palette: (256, 3) colours by number.
        legend: The classes of the labels.
    """
    if all(tuple(palette[code].tolist()) == colour for code, colour in zip(legend.codes, legend.colours, strict=True)):
        return False
    height, width = (min(_PROBE, side) for side in raster.shape)
    numbers, valid = raster.read_with_valid(Window(0, 0, height, width))
    meanings = legend.look_up_rgb(expand(np.unique(numbers[0][valid])[None], palette))
    return bool((meanings != UNKNOWN).all() and (meanings < len(legend)).any())
