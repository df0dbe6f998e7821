"""Segments that need no weights: felzenszwalb and slic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from landwright.prepare.segments.maps import partition_maps
from landwright.prepare.segments.params import FelzenszwalbParams, SlicParams
from landwright.rasters.segments import segments

_PIECES: Final = 1500
_LARGE: Final = 512**2


class Segmenter(Protocol):
    """Anything that finds objects and boundaries in a picture, the same way each time."""

    def __call__(
        self, picture: NDArray[np.uint8], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
        """Return objects (H, W), 0 for none, and boundaries (H, W) of a picture (H, W, 1 or 3)."""


@dataclass(frozen=True)
class Pieces:
    """Objects and boundaries from a partition of the picture.

    Attributes:
        params: Settings of felzenszwalb or slic.
    """

    params: FelzenszwalbParams | SlicParams

    def __call__(
        self, picture: NDArray[np.uint8], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
        """Cut a picture (H, W, 1 or 3) into pieces; what has no data is none."""
        params = self.params
        if isinstance(params, FelzenszwalbParams):
            default = max(1, round(min(picture.shape[0] * picture.shape[1], _LARGE) / _PIECES))
            found = segments(
                "felzenszwalb",
                picture,
                valid,
                scale=params.scale,
                sigma=params.sigma,
                smallest=params.min_size or default,
            )
        else:
            # Compactness is against colour distances as the eye sees them, which grey alone would not have.
            colours = np.broadcast_to(picture, (*picture.shape[:2], 3))
            found = segments("slic", colours, valid, superpixel=params.pixels, compactness=params.compactness)
        objects, boundary = partition_maps(found, most=params.most, smallest=params.smallest)
        return np.where(valid, objects, 0).astype(np.uint16), boundary & valid
