"""Random crops of images, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landwright.bundles import IMAGENET_MEAN, IMAGENET_STD
from landwright.errors import DataError
from landwright.rasters import Raster, Window, expand_inputs, open_raster

_ATTEMPTS = 8


class RandomCrops:
    """Random crops, mirrored in half of the cases, in the scaling of ImageNet; crop ``i`` depends on seed and ``i``.

    Of eight draws the first is taken that is valid in half of its pixels, else the last of those that show anything.
    Where a crop holds no image it holds ImageNet's mean.

    Args:
        images: Files, folders, globs or lists.
        bands: The three bands to read; by default all of an image that has three.
        size: Side in pixels; smaller images are mirrored until they are as large.
        seed: Seed of the draws.

    Attributes:
        paths: The files.

    Raises:
        DataError: A file cannot be opened, or has no three bands of 8 bits.
    """

    def __init__(
        self, images: Sequence[str | PathLike[str]], *, bands: Sequence[int | str] | None, size: int, seed: int
    ) -> None:
        """Open every image once."""
        self.paths = expand_inputs(list(images))
        self._bands, self._size, self._seed = bands, size, seed
        self._mean, self._std = (
            np.array(values, np.float32)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD)
        )
        for path in self.paths:
            with self._open(path) as raster:
                _check(raster, path)

    def __getitem__(self, number: int) -> Tensor:
        """Return a crop, float32 (3, size, size).

        Raises:
            DataError: A file is damaged, or none of eight draws shows anything.
        """
        rng = np.random.default_rng([self._seed, number])
        found: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None
        for _ in range(_ATTEMPTS):
            path = self.paths[int(rng.integers(len(self.paths)))]
            pixels, valid = self._draw(path, rng)
            if valid.any():
                found = pixels, valid
            if 2 * valid.sum() >= valid.size:
                break
        if found is None:
            raise DataError(
                "holds hardly any valid pixel, like others of the images", path=path, remedy="Check their nodata values"
            )
        crop = np.where(found[1], (found[0] / 255 - self._mean) / self._std, 0)
        margins = [(0, self._size - side) for side in crop.shape[1:]]
        crop = np.pad(crop, [(0, 0), *margins], mode="reflect")
        return torch.from_numpy(np.ascontiguousarray(crop[..., ::-1] if rng.random() < 0.5 else crop))

    def _draw(self, path: Path, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        with self._open(path) as raster:
            places = [
                (int(rng.integers(max(side - self._size, 0) + 1)), min(side, self._size)) for side in raster.shape
            ]
            (row, height), (col, width) = places
            pixels, valid = raster.read_with_valid(Window(row, col, height, width))
        return pixels.astype(np.float32), valid

    def _open(self, path: Path) -> Raster:
        return open_raster(path, bands=self._bands)


def _check(raster: Raster, path: Path) -> None:
    if len(raster.bands) != 3:
        raise DataError(f"has {len(raster.bands)} bands, not three", path=path, remedy="Choose three, as --bands 1,2,3")
    if raster.info.dtype != "uint8":
        raise DataError(
            f"holds {raster.info.dtype}, not values from 0 to 255",
            path=path,
            remedy="Convert it: gdal_translate -ot Byte -scale",
        )
