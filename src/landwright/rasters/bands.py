"""Which bands are data and which one is a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from landwright.errors import DataError

_PROBES = 3
_PROBE_SIDE = 256
_FEATHERED = 0.1


class BandChoice(NamedTuple):
    """The outcome of choosing bands.

    Attributes:
        bands: Bands to read, 1-based.
        alpha: Band that marks valid pixels, or None.
        marked: Band that the file marks as alpha, whether it is used as a mask or read as data.
        notes: Plain remarks on the choice.
    """

    bands: tuple[int, ...]
    alpha: int | None
    marked: int | None
    notes: tuple[str, ...]


def choose_bands(source: Any, wanted: Sequence[int | str] | None, path: str) -> BandChoice:
    """Settle which bands of an open rasterio dataset are read.

    A band marked as alpha is a mask unless it is asked for. GDAL marks the fourth band of every 8-bit GeoTIFF as
    alpha unless told otherwise, infrared too: such a band is data when it looks like measurements.

    Args:
        source: The open dataset.
        wanted: 1-based numbers or descriptions; None takes all bands but a mask.
        path: The file, for messages.

    Raises:
        DataError: If a band does not exist, or the file has no bands of numbers.
    """
    if source.count == 0:
        inside = ", ".join(source.subdatasets[:4]) or "nothing"
        raise DataError("has no bands of its own", path=path, remedy=f"Name one of the rasters in it: {inside}")
    marked = next((i + 1 for i, role in enumerate(source.colorinterp) if role == ColorInterp.alpha), None)
    if wanted is not None:
        bands = tuple(_find(source, name, path) for name in wanted)
        if not bands:
            raise DataError("no bands were chosen", path=path, remedy=f"Choose among {_listed(source)}")
        return BandChoice(bands, None if marked in bands else marked, marked, ())
    every = tuple(range(1, source.count + 1))
    if marked is None or source.count == 1:
        return BandChoice(every, None, marked, ())
    if _holds_measurements(source, marked):
        note = f"band {marked} is marked as alpha but holds measurements: read as data"
        return BandChoice(every, None, marked, (note,))
    rest = tuple(band for band in every if band != marked)
    return BandChoice(rest, marked, marked, (f"band {marked} is alpha: used as the mask of valid pixels",))


def common_dtype(source: Any, bands: Sequence[int], path: str) -> str:
    """The type that holds the values of all chosen bands.

    Raises:
        DataError: If the bands are complex numbers.
    """
    dtype = np.result_type(*(np.dtype(source.dtypes[band - 1]) for band in bands))
    if dtype.kind == "c":
        raise DataError("holds complex numbers", path=path, remedy="Convert it to amplitude or intensity first")
    return dtype.name


def _find(source: Any, name: int | str, path: str) -> int:
    if isinstance(name, int):
        if 1 <= name <= source.count:
            return name
    else:
        fits = [i + 1 for i, text in enumerate(source.descriptions) if text and text.casefold() == name.casefold()]
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise DataError(f"bands {fits} are all described as {name!r}", path=path, remedy="Choose by number")
        if name.isdecimal():
            return _find(source, int(name), path)
    raise DataError(f"has no band {name!r}", path=path, remedy=f"Choose among {_listed(source)}")


def _listed(source: Any) -> str:
    return ", ".join(f"{i + 1} ({text})" if text else f"{i + 1}" for i, text in enumerate(source.descriptions))


def _holds_measurements(source: Any, band: int) -> bool:
    """Whether a band has many values besides "clear" and "opaque"; a feathered mask has few."""
    between = total = 0
    height, width = min(_PROBE_SIDE, source.height), min(_PROBE_SIDE, source.width)
    for step in range(_PROBES):
        share = (step + 1) / (_PROBES + 1)
        window = Window(int((source.width - width) * share), int((source.height - height) * share), width, height)
        values = source.read(band, window=window)
        between += int(np.count_nonzero((values != 0) & (values != values.max())))
        total += values.size
    return between > _FEATHERED * total
