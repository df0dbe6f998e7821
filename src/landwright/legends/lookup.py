"""From codes and colours to class indices through small tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

IGNORE: Final = 255
UNKNOWN: Final = 254
_SIDE = 256


def by_code(codes: NDArray[Any], pairs: Iterable[tuple[int, int]]) -> NDArray[np.uint8]:
    """Indices of `codes` by (code, index) pairs; UNKNOWN where there is none, IGNORE for NaN.

    Args:
        codes: Codes of any integer or float type and shape.
        pairs: (code 0..255, index) pairs.
    """
    table = np.full(256, UNKNOWN, np.uint8)
    for code, index in pairs:
        table[code] = index
    if codes.dtype == np.uint8:
        return np.take(table, codes)
    missing = np.isnan(codes) if codes.dtype.kind == "f" else np.zeros(codes.shape, bool)
    # An invalid cast of NaN, inf or a huge code is caught by comparing with the original.
    with np.errstate(invalid="ignore"):
        narrow = codes.astype(np.uint8)
    indices = np.where(narrow == codes, np.take(table, narrow), np.uint8(UNKNOWN))
    indices[missing] = IGNORE
    return indices


def by_colour(rgb: NDArray[np.uint8], pairs: Iterable[tuple[tuple[int, int, int], int]]) -> NDArray[np.uint8]:
    """Indices of (3, ...) uint8 colours by (colour, index) pairs; UNKNOWN where there is none."""
    values = {(r * _SIDE + g) * _SIDE + b: index for (r, g, b), index in pairs}
    keys = np.array(list(values), np.uint32)
    # The smallest table in which no two colours share a slot: a remainder is several times faster than a search.
    size = next(size for size in count(len(keys)) if len(np.unique(keys % np.uint32(size))) == len(keys))
    key_of, index_of = np.zeros(size, np.uint32), np.full(size, UNKNOWN, np.uint8)
    key_of[keys % np.uint32(size)] = keys
    index_of[keys % np.uint32(size)] = list(values.values())
    packed = _pack(rgb)
    slot = packed % np.uint32(size)
    return np.where(np.take(key_of, slot) == packed, np.take(index_of, slot), np.uint8(UNKNOWN))


def tally(codes: NDArray[Any]) -> Counter[str]:
    """Pixel counts by code."""
    values, counts = np.unique(codes, return_counts=True)
    return Counter({f"{value:g}": int(count) for value, count in zip(values, counts, strict=True)})


def tally_colours(rgb: NDArray[np.uint8]) -> Counter[str]:
    """Pixel counts by colour, each written 'r,g,b'."""
    values, counts = np.unique(_pack(rgb), return_counts=True)
    names = [f"{value >> 16},{value >> 8 & 255},{value & 255}" for value in values.tolist()]
    return Counter(dict(zip(names, counts.tolist(), strict=True)))


def _pack(rgb: NDArray[np.uint8]) -> NDArray[np.uint32]:
    packed: NDArray[np.uint32] = rgb[0].astype(np.uint32)
    for band in rgb[1:]:
        packed <<= 8
        packed |= band
    return packed
