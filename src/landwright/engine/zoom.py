"""At what size a model sees an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from landwright.bundles import Card
from landwright.engine.checks import check_grid
from landwright.engine.options import SMALLEST_TILE, PredictOptions
from landwright.engine.protocols import Source
from landwright.engine.shown import shown_as
from landwright.engine.stream import Tiling
from landwright.errors import DataError
from landwright.rasters import RasterInfo

_FINEST = 16.0
"""Images are enlarged no further: a pixel becomes 256, none of which is new."""
_ROUNDING = 1e-6
_LARGEST_SHOWN = 4096
"""Side of a window as the network sees it, where ``tile`` is named in pixels of the image."""


class Windows(NamedTuple):
    """How an image is cut.

    Attributes:
        zoom: Factor of the size that the model sees it at.
        tiling: Windows in pixels of the image.
        shape: (height, width) that they are cut from.
        shown: Windows in the pixels of that.
    """

    zoom: float
    tiling: Tiling
    shape: tuple[int, int]
    shown: Tiling


def settle_windows(source: Source, card: Card, options: PredictOptions, device: str, *, words: bool) -> Windows:
    """Settle the windows of an image.

    Args:
        source: The image.
        card: The model's.
        options: What the user chose.
        device: Type of the device.
        words: Whether it is a model of words.

    Returns:
        The windows.

    Raises:
        DataError: The ground size, or a published grid, does not fit the image.
    """
    zoom = zoom_of(source.info, options.at_gsd)
    tiling = options.tiling(card.tiling, device, zoom=zoom, words=words)
    shape, shown = shown_as(source.shape, tiling, zoom)
    check_zoom(source.info, zoom, shape, shown, card.tiling.tile)
    check_grid(source, shown, shape)
    return Windows(zoom, tiling, shape, shown)


def zoom_of(info: RasterInfo, at_gsd: float | None) -> float:
    """Return the factor by which an image is enlarged so that its pixels have a ground size.

    Raises:
        DataError: The ground size of the image's pixels is unknown.
    """
    if at_gsd is None:
        return 1.0
    if info.gsd is None:
        raise DataError(
            f"has pixels of unknown ground size, so they cannot be brought to {at_gsd:g} m",
            path=info.path,
            remedy="Georeference the image, or leave --at-gsd out",
        )
    return info.gsd / at_gsd


def check_zoom(info: RasterInfo, zoom: float, shape: tuple[int, int], tiling: Tiling, own: int) -> None:
    """Refuse a ground size at which a model would see next to nothing of an image, or pixels beyond all use.

    An image that is reduced has to fill half of the model's window along its longer side: what a window has beyond the
    image is but its reflection. It is enlarged at most 16 times, and at most so that a window has 16 of its pixels.

    Args:
        info: The image.
        zoom: Factor that it is enlarged by.
        shape: (height, width) that windows are cut from (`shown.shown_as`).
        tiling: Windows in its pixels.
        own: Side of the model's window as the network sees it.

    Raises:
        DataError: The ground size does not fit the image.
    """
    gsd = info.gsd
    if gsd is None or zoom == 1:
        return
    at = f"{gsd / zoom:.3g} m"
    if zoom < 1:
        if 2 * max(info.height, info.width) * zoom < own * (1 - _ROUNDING):
            coarsest = _digits(gsd * 2 * max(info.height, info.width) / own, math.floor)
            raise DataError(
                f"would be {shape[1]} x {shape[0]} pixels of {at}, less than half of the model's window of {own}",
                path=info.path,
                remedy=f"Use --at-gsd {coarsest:g} or less" if coarsest > gsd else "Leave --at-gsd out",
            )
        if tiling.tile < SMALLEST_TILE:
            raise DataError(
                f"a tile of it would be {tiling.tile} pixels of {at}",
                path=info.path,
                remedy=f"Use --tile {math.ceil(SMALLEST_TILE / zoom)} or more, or leave it out",
            )
    elif zoom > _FINEST or tiling.tile < SMALLEST_TILE:
        finest = _digits(gsd / min(_FINEST, own / SMALLEST_TILE), math.ceil)
        raise DataError(
            f"its pixels of {gsd:.3g} m would be enlarged {zoom:.3g} times to be shown as {at}",
            path=info.path,
            remedy=f"Use --at-gsd {finest:g} or more",
        )
    elif tiling.tile * zoom > max(own + 1, _LARGEST_SHOWN):
        raise DataError(
            f"a tile of {tiling.tile} of its pixels would be shown as {tiling.tile * zoom:.0f} of {at}",
            path=info.path,
            remedy=f"Use --tile {int(_LARGEST_SHOWN / zoom)} or less, or leave it out",
        )


def _digits(value: float, rounded: Callable[[float], int]) -> float:
    """Round to three significant digits in a direction."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return rounded(value / unit) * unit
