from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio

from landwright.data.scene import Scene
from landwright.data.splits import Region
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.regimes.setup import _dates, equip, make_card, open_data, summary


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


@pytest.fixture
def pairs(make_recipe: Callable[..., Recipe], scenes: Path, tmp_path: Path) -> Recipe:
    """The recipe with images of an earlier date, which are copies."""
    return make_recipe(data={"before": str(shutil.copytree(scenes / "images", tmp_path / "before"))})


def test_pairs_of_dates_reach_network_scaling_and_card(pairs: Recipe) -> None:
    legend = load_legend("building")
    data = open_data(pairs, pairs.data, legend, tiles=2)
    assert data.dates == 2
    assert data.bands == tuple(f"{date} band {band}" for date in ("before", "after") for band in (1, 2, 3))
    ready = equip(pairs, data, logits=2)
    assert ready.network.layers[0].in_channels == 6
    card = make_card(pairs, data, legend, ready.scaling, logits=2)
    assert (card.dates, card.bands, len(card.normalization.mean)) == (2, data.bands, 6)


def test_scenes_of_one_date_make_a_card_of_one(make_recipe: Callable[..., Recipe]) -> None:
    recipe = make_recipe()
    data = open_data(recipe, recipe.data, load_legend("building"), tiles=2)
    assert data.dates == 1
    scaling = equip(recipe, data, logits=2).scaling
    assert make_card(recipe, data, load_legend("building"), scaling, logits=2).dates == 1


def test_a_network_that_compares_refuses_scenes_of_one_date(make_recipe: Callable[..., Recipe]) -> None:
    """Also where the bands are even in number, and could be halved."""
    for bands in (None, [1, 2]):
        recipe = make_recipe(network={"name": "change", "encoder": "compact"}, data={"bands": bands, "tile": 64})
        with pytest.raises(UsageError, match=r"'change' compares two dates.*data\.before"):
            open_data(recipe, recipe.data, load_legend("building"), tiles=2)


def test_scenes_of_one_date_among_pairs_are_refused() -> None:
    single = Region(Scene("one", Path("one.tif"), Path("mask.tif")), None, "train")
    double = Region(replace(single.scene, name="two", before=Path("earlier.tif")), None, "train")
    assert (_dates([single]), _dates([double])) == (1, 2)
    with pytest.raises(DataError, match=r"one\.tif: has no image of an earlier date, others have"):
        _dates([double, single])


def test_a_regime_of_masks_needs_labels(make_recipe: Callable[..., Recipe], scenes: Path) -> None:
    recipe = make_recipe(data={"labels": None, "heights": str(scenes / "masks")})
    with pytest.raises(DataError, match="has no label"):
        open_data(recipe, recipe.data, load_legend("building"), tiles=4)
