"""Statistics of a dataset of tiles, over a bounded number of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from landwright.data.survey import thin
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import DataError
from landwright.legends import IGNORE


def band_statistics(
    dataset: RandomTiles | GridTiles, limit: int = 200
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure mean and standard deviation of every band over valid pixels.

    Args:
        dataset: Tiles of the training part, without augmentation.
        limit: Largest number of tiles, spread evenly over the dataset.

    Returns:
        Mean and population standard deviation in sensor units, float64 (bands,) each.

    Raises:
        DataError: There is no valid pixel, or a band is constant.
    """
    count = 0
    mean: NDArray[np.float64] = np.zeros(1)
    squares: NDArray[np.float64] = np.zeros(1)
    for index in thin(len(dataset), limit):
        sample = dataset[int(index)]
        pixels = sample["image"][:, sample["valid"]].to(torch.float64).numpy()
        number = pixels.shape[1]
        if number == 0:
            continue
        # Chan, Golub and LeVeque (1983): merging keeps the digits that a sum of squares loses on 16-bit imagery.
        centre = pixels.mean(axis=1)
        shift = centre - mean
        total = count + number
        squares = squares + ((pixels - centre[:, None]) ** 2).sum(axis=1) + shift**2 * (count * number / total)
        mean = mean + shift * (number / total)
        count = total
    if count == 0:
        raise DataError("no valid pixel to take statistics of", remedy="Check the nodata values of the images")
    deviation: NDArray[np.float64] = np.sqrt(squares / count)
    if constant := [str(band + 1) for band in np.flatnonzero(deviation == 0)]:
        raise DataError(
            f"band {', '.join(constant)} has the same value everywhere, which cannot be normalised",
            remedy="Leave the band out with data.bands, or give normalize.mean and normalize.std",
        )
    return mean, deviation


def class_histogram(dataset: RandomTiles | GridTiles, limit: int | None = 200) -> NDArray[np.int64]:
    """Count the pixels of every class.

    Args:
        dataset: Tiles.
        limit: Largest number of tiles, spread evenly over the dataset; None for all.

    Returns:
        Pixels per class in the order of the legend, int64 (classes,); ignored pixels do not count.
    """
    classes = len(dataset.reader.legend)
    histogram = np.zeros(classes, dtype=np.int64)
    for index in thin(len(dataset), limit):
        mask = dataset[int(index)]["mask"].numpy()
        histogram += np.bincount(mask[mask != IGNORE], minlength=classes)
    return histogram
