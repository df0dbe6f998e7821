"""Masks for some of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landwright.data.tag_masks import find_tagged
from landwright.errors import DataError
from landwright.recipe.data import ImagesSpec


@pytest.fixture
def images(write) -> Path:
    for name in ("a", "b", "c"):
        path = write(f"img/{name}.tif", np.ones((3, 4, 4), np.uint8))
    return path.parent


def spec(images: Path, **sections: object) -> ImagesSpec:
    return ImagesSpec.model_validate({"images": str(images), "labels": str(images.parent / "mask"), **sections})


def test_masks_of_some_images_make_the_validation_part(images: Path, write) -> None:
    mask = write("mask/b.tif", np.zeros((4, 4), np.uint8))
    write("mask/x.tif", np.zeros((4, 4), np.uint8))
    scenes = find_tagged(spec(images))
    assert [(scene.name, scene.label, scene.part) for scene in scenes] == [
        ("a", None, None),
        ("b", mask, "val"),
        ("c", None, None),
    ]
    assert {scene.part for scene in find_tagged(spec(images, labels=None))} == {None}


def test_masks_of_all_images_leave_the_division_alone(images: Path, write) -> None:
    for name in ("a", "b", "c"):
        write(f"mask/{name}.tif", np.zeros((4, 4), np.uint8))
    assert {scene.part for scene in find_tagged(spec(images))} == {None}


def test_masks_of_no_image_are_a_mistake(images: Path, write) -> None:
    for name in ("x", "y"):
        write(f"mask/{name}.tif", np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match="no label of a matching name"):
        find_tagged(spec(images))
