"""From masks or segments to what training reads: a map of objects and a map of boundaries (Ma et al., SAM_RS)."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError

MOST: Final = 50
"""Objects of an image at most, as published."""
SMALLEST: Final = 50
"""Pixels of the smallest object, as published."""

_IDS = np.iinfo(np.uint16).max


class Masks(Protocol):
    """Masks of an image: an array (n, H, W), or anything that gives one mask (H, W) after the other."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, H, W)."""

    def __getitem__(self, place: int, /) -> NDArray[np.bool_]:
        """Return one mask, (H, W) bool."""


def object_and_boundary(
    masks: Masks, *, most: int | None = MOST, smallest: int = SMALLEST
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Join the masks of an image (Ma et al., "SAM-assisted remote sensing imagery semantic segmentation", TGRS 2024).

    Objects are numbered from 1 in the order of their area, the largest first, so that a smaller one covers what it lies
    on. Boundaries are those of all masks, two pixels wide, also of masks too small for an object; objects end at them.

    Args:
        masks: (n, H, W), may overlap; n may be 0. Only one is held at a time, and each is asked for at most twice.
        most: Largest number of objects; None for all of them.
        smallest: Pixels that an object has at least.

    Returns:
        Objects (H, W), 0 where there is none, and boundaries (H, W).
    """
    edges = _edges()
    number, *size = masks.shape
    areas = np.zeros(number, np.int64)
    boundary = np.zeros(size, np.bool_)
    for place in range(number):
        mask = masks[place]
        areas[place] = np.count_nonzero(mask)
        # Nothing ends further than a pixel from a mask: looking there alone is many times as fast.
        part = _surroundings(mask)
        boundary[part] |= edges(mask[part], mode="thick")
    order = [int(place) for place in np.argsort(-areas, kind="stable") if areas[place] >= smallest]
    objects = np.zeros(size, np.uint16)
    for number, place in enumerate(order[: _limit(most)], start=1):
        objects[masks[place]] = number
    objects[boundary] = 0
    return objects, boundary


def partition_maps(
    segments: NDArray[np.integer[Any]], *, most: int | None = None, smallest: int = SMALLEST
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return what `object_and_boundary` makes of the masks of all segments, without making them.

    Args:
        segments: (H, W) numbers from 0 without gaps.
        most: Largest number of objects; None for all of them.
        smallest: Pixels that an object has at least.

    Returns:
        Objects (H, W), 0 where there is none, and boundaries (H, W).
    """
    boundary: NDArray[np.bool_] = _edges()(segments, mode="thick")
    areas = np.bincount(segments.ravel())
    order = np.argsort(-areas, kind="stable")
    order = order[areas[order] >= smallest][: _limit(most)]
    numbers = np.zeros(len(areas), np.uint16)
    numbers[order] = np.arange(1, len(order) + 1)
    objects = numbers[segments]
    objects[boundary] = 0
    return objects, boundary


def _surroundings(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The box of a mask and one pixel more on every side."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0), slice(0)
    return slice(max(0, rows[0] - 1), rows[-1] + 2), slice(max(0, columns[0] - 1), columns[-1] + 2)


def _limit(most: int | None) -> int:
    return _IDS if most is None else min(most, _IDS)


def _edges() -> Any:
    try:
        return import_module("skimage.segmentation").find_boundaries
    except ImportError as error:
        raise UsageError(
            "segments need scikit-image", remedy="Install it with: pip install 'landwright[train]'"
        ) from error
