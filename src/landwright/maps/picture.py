"""Small pictures of images and maps for reports, with nothing but numpy and GDAL's PNG driver.

Pictures are for the eye: they may be stretched and reduced, and no number is ever computed from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from landwright.legends import IGNORE, Legend
from landwright.maps.qml import CONFIDENCE_RAMP
from landwright.rasters import Raster, Window, atomic_output
from landwright.rasters.gdal import without_georeference_warning

Picture = NDArray[np.uint8]
"""(3, h, w) red, green, blue."""

_CUT = (2.0, 98.0)
_PAPER = 255
_RIGHT = (222, 222, 222)
_WRONG = (200, 30, 30)
_READ_ROWS = 512


def rgb_picture(
    image: Raster | NDArray[Any], *, valid: NDArray[np.bool_] | None = None, size: int | None = None
) -> Picture:
    """Show the first three bands as red, green and blue, or a single band in grey.

    The 2nd to 98th percentile of the picture is stretched to black and white: of all bands together for 8-bit
    imagery, which keeps its colours, and of each band for other types.

    Args:
        image: An open raster, which is read in pieces, or pixels (C, H, W).
        valid: (H, W), for arrays; a raster knows its own. Other pixels are white, those not finite too.
        size: Longest side of the picture in pixels; larger images are averaged down by a whole factor.
    """
    means, known = _reduced(image, valid, size) if isinstance(image, Raster) else _reduced_array(image, valid, size)
    shown = means[:3] if len(means) >= 3 else np.repeat(means[:1], 3, axis=0)
    eight_bit = (image.info.dtype if isinstance(image, Raster) else image.dtype.name) == "uint8"
    picture = np.full(shown.shape, _PAPER, dtype=np.uint8)
    if known.any():
        values = shown[:, known]
        low, high = np.percentile(values, _CUT, axis=None if eight_bit else 1, keepdims=True)
        stretched = (values - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
        picture[:, known] = np.rint(np.clip(stretched, 0, 1) * 255).astype(np.uint8)
    return picture


def class_picture(indices: NDArray[np.uint8], legend: Legend, *, size: int | None = None) -> Picture:
    """Show class indices (H, W) in the legend's colours, ignored pixels in white."""
    table = np.full((256, 3), _PAPER, dtype=np.uint8)
    table[: len(legend)] = legend.colours
    return _coloured(table, thinned(indices, size))


def confidence_picture(percent: NDArray[np.uint8], *, nodata: int = IGNORE, size: int | None = None) -> Picture:
    """Show confidence in percent (H, W) from red to green, nodata in white."""
    stops, colours = zip(*CONFIDENCE_RAMP, strict=True)
    table = np.stack(
        [np.interp(np.arange(256), stops, channel) for channel in np.asarray(colours, dtype=float).T], axis=1
    )
    table[nodata] = _PAPER
    return _coloured(np.rint(table).astype(np.uint8), thinned(percent, size))


def error_picture(indices: NDArray[np.uint8], reference: NDArray[np.uint8], *, size: int | None = None) -> Picture:
    """Show where class indices differ from a reference (H, W): wrong in red, right in grey, ignored in white."""
    known = (indices != IGNORE) & (reference != IGNORE)
    kinds = np.where(known, np.where(indices == reference, 0, 1), 2).astype(np.uint8)
    return _coloured(np.array([_RIGHT, _WRONG, (_PAPER,) * 3], dtype=np.uint8), thinned(kinds, size))


def side_by_side(pictures: Sequence[Picture], *, gap: int = 8) -> Picture:
    """Put pictures into one row on white, aligned at the top, ``gap`` pixels apart."""
    height = max(picture.shape[1] for picture in pictures)
    width = sum(picture.shape[2] for picture in pictures) + gap * (len(pictures) - 1)
    sheet = np.full((3, height, width), _PAPER, dtype=np.uint8)
    left = 0
    for picture in pictures:
        sheet[:, : picture.shape[1], left : left + picture.shape[2]] = picture
        left += picture.shape[2] + gap
    return sheet


def thinned(values: NDArray[np.uint8], size: int | None) -> NDArray[np.uint8]:
    """Return every n-th pixel (H, W), so that the longest side is at most ``size``."""
    factor = _factor(values.shape, size)
    rows, cols = (np.minimum(np.arange(0, side, factor) + factor // 2, side - 1) for side in values.shape)
    return values[np.ix_(rows, cols)]


def png_bytes(picture: Picture) -> bytes:
    """Encode a picture (3, h, w), or grey values (h, w), as PNG."""
    bands = picture[None] if picture.ndim == 2 else picture
    count, height, width = bands.shape
    with without_georeference_warning(), MemoryFile(ext=".png") as memory:
        with memory.open(driver="PNG", count=count, height=height, width=width, dtype="uint8") as file:
            file.write(bands)
        return bytes(memory.read())


def write_png(path: str | PathLike[str], picture: Picture) -> None:
    """Write a picture (3, h, w) as a PNG file that appears whole or not at all."""
    with atomic_output(path) as temporary:
        temporary.write_bytes(png_bytes(picture))


def _coloured(table: NDArray[np.uint8], values: NDArray[np.uint8]) -> Picture:
    return np.ascontiguousarray(np.moveaxis(table[values], -1, 0))


def _factor(shape: tuple[int, ...], size: int | None) -> int:
    return 1 if size is None else math.ceil(max(shape) / size)


def _reduced(
    raster: Raster, valid: NDArray[np.bool_] | None, size: int | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if valid is not None:
        raise ValueError("a raster knows which of its pixels are valid")
    height, width = raster.shape
    factor = _factor(raster.shape, size)
    step = max(factor, _READ_ROWS // factor * factor)
    pieces = []
    for row in range(0, height, step):
        pixels, known = raster.read_with_valid(Window(row, 0, min(step, height - row), width))
        pieces.append(_averaged(pixels[: min(3, len(pixels))], known, factor))
    means, known_pieces = zip(*pieces, strict=True)
    return np.concatenate(means, axis=1), np.concatenate(known_pieces, axis=0)


def _reduced_array(
    image: NDArray[Any], valid: NDArray[np.bool_] | None, size: int | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    bands = image[: min(3, len(image))]
    known = np.isfinite(bands).all(axis=0)
    return _averaged(bands, known if valid is None else known & valid, _factor(image.shape[1:], size))


def _averaged(
    bands: NDArray[Any], known: NDArray[np.bool_], factor: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean of the valid pixels of every square of ``factor`` pixels, and where there are any."""

    def summed(values: NDArray[Any]) -> NDArray[Any]:
        rows, cols = (np.arange(0, side, factor) for side in known.shape)
        return np.add.reduceat(np.add.reduceat(values, rows, axis=-2), cols, axis=-1)

    counts = summed(known.astype(np.float32))
    sums = summed(np.where(known, bands, 0).astype(np.float32))
    return (sums / np.maximum(counts, 1)).astype(np.float32), counts > 0
