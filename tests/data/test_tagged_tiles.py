"""Validation tiles with tags."""

from __future__ import annotations

import numpy as np
import torch

from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.data.tagged_tiles import TaggedTiles
from landwright.legends import Legend
from landwright.recipe import DataSpec


def test_whole_images_have_their_tags_and_parts_those_of_the_mask(write, legend: Legend) -> None:
    mask = np.zeros((8, 16), np.uint8)
    mask[:, 8:] = 1
    mask[0, 8] = 2
    scenes = []
    for name, label, width in (("part", mask, 16), ("whole", mask[:, :8], 8), ("bare", None, 16)):
        image = write(f"img/{name}.tif", np.full((3, 8, width), 9, np.uint8))
        scenes.append(Scene(name, image, None if label is None else write(f"mask/{name}.tif", label)))
    given = {scene.name: torch.tensor([0.0, 0.5]) for scene in scenes}
    spec = DataSpec(images="img", labels="mask", tile=8)
    tiles = TaggedTiles([Region(scene, "val") for scene in scenes], spec, legend, given, first=1, least=2)
    assert len(tiles) == 5
    found = [(tiles[index]["source"], tiles[index]["tags"].tolist()) for index in range(5)]
    # One pixel of class 2 is too few, and class 0 is the background.
    assert found == [
        ("part", [0, 0]),
        ("part", [1, 0]),
        ("whole", [0, 0.5]),
        ("bare", [0, 0.5]),
        ("bare", [0, 0.5]),
    ]
