"""Random crops of images, and images that give none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from landwright.errors import DataError
from landwright.prepare.crops import RandomCrops

Write = Callable[..., Path]


def test_crops_are_a_function_of_seed_and_number(write: Write) -> None:
    image = write("a.tif", size=(20, 100))
    crops = RandomCrops([image], bands=None, size=32, seed=0)
    assert crops[3].shape == (3, 32, 32)
    assert crops[3].dtype == torch.float32
    assert torch.equal(crops[3], RandomCrops([image], bands=None, size=32, seed=0)[3])
    assert not torch.equal(crops[3], crops[4])
    assert not torch.equal(crops[3], RandomCrops([image], bands=None, size=32, seed=1)[3])


def test_three_bands_of_eight_bits_are_needed(write: Write) -> None:
    four = write("four.tif", bands=4)
    with pytest.raises(DataError, match="4 bands"):
        RandomCrops([four], bands=None, size=32, seed=0)
    assert RandomCrops([four], bands=(4, 1, 2), size=32, seed=0)[0].shape == (3, 32, 32)
    with pytest.raises(DataError, match="uint16"):
        RandomCrops([write("wide.tif", dtype="uint16")], bands=None, size=32, seed=0)


def test_crops_without_any_image(write: Write) -> None:
    path = write("empty.tif")
    with rasterio.open(path, "r+") as file:
        file.write(np.zeros((3, 48, 40), np.uint8))
    with pytest.raises(DataError, match="hardly any valid pixel"):
        RandomCrops([path], bands=None, size=32, seed=0)[0]


def test_a_better_place_is_looked_for(write: Write) -> None:
    path = write("half.tif", size=(64, 64))
    with rasterio.open(path, "r+") as file:
        pixels = file.read()
        pixels[:, 16:] = 0
        file.write(pixels)
    crops = RandomCrops([path], bands=None, size=16, seed=0)
    shares = [float((crops[number] != 0).float().mean()) for number in range(20)]
    assert min(shares) > 0
    assert np.mean(shares) > 0.5
