from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import rasterio

from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.regimes.setup import summary


def test_notes_of_many_scenes_are_told_once() -> None:
    notes = {
        "a": ["covers 50.0% of the image", "palette"],
        "b": ["covers 62% of the image"],
        "c": [],
        "d": ["covers 7.5% of the image"],
    }
    assert summary(notes) == ("a: covers 50.0% of the image (and 2 more of this kind)", "a: palette")
    assert summary({}) == ()


def test_a_training_says_that_labels_cover_images_in_part(
    make_recipe: Callable[..., Recipe], scenes: Path, tmp_path: Path
) -> None:
    for path in (scenes / "masks").glob("*.tif"):
        with rasterio.open(path) as file:
            mask, profile = file.read(), file.profile
        with rasterio.open(path, "w", **{**profile, "width": 32}) as file:
            file.write(mask[:, :, :32])
    result = train(make_recipe(), tmp_path / "run", progress=False)
    assert [note.partition(": ")[2] for note in result.notes] == [
        "covers 50.0% of the image; the rest is ignored (and 1 more of this kind)"
    ]
