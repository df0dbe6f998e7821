"""Whole images in random order."""

from __future__ import annotations

import numpy as np
import pytest

from landwright.data.images import LONGEST, WholeImages
from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.errors import DataError
from landwright.rasters import Window
from landwright.recipe.data import ImagesSpec


@pytest.fixture
def regions(write) -> list[Region]:
    paths = [write(f"{number}.tif", np.full((3, 20, 30 + number), number, np.uint8)) for number in range(5)]
    return [Region(Scene(path.stem, path, None), "train") for path in paths]


def test_every_image_comes_once_before_any_comes_again(regions, legend) -> None:
    images = WholeImages(regions, ImagesSpec(images="x"), legend, length=12, seed=3)
    names = [images[index]["source"] for index in range(12)]
    assert sorted(names[:5]) == sorted(names[5:10]) == ["0", "1", "2", "3", "4"]
    assert names[:5] != names[5:10]
    again = WholeImages(regions, ImagesSpec(images="x"), legend, length=12, seed=3)
    assert again[7]["source"] == names[7]
    sample = images[0]
    assert sample["image"].shape == (3, 20, 30 + int(names[0]))
    assert sample["window"].tolist() == [0, 0, 20, 30 + int(names[0])]
    assert bool((sample["mask"] == 255).all())
    assert len(images) == 12
    with pytest.raises(IndexError):
        images[12]


def test_large_images_are_reduced(write, legend) -> None:
    path = write("large.tif", np.ones((1, 64, 2 * LONGEST), np.uint8))
    images = WholeImages([Region(Scene("l", path, None), "train")], ImagesSpec(images="x"), legend, length=1, seed=0)
    assert images[0]["image"].shape == (1, 32, LONGEST)
    assert images[0]["window"].tolist() == [0, 0, 64, 2 * LONGEST]


def test_blocks_are_refused(regions, legend) -> None:
    block = Region(regions[0].scene, "train", Window(0, 0, 8, 8))
    with pytest.raises(DataError, match="divided into blocks"):
        WholeImages([block], ImagesSpec(images="x"), legend, length=1, seed=0)
