"""Paraformer's published data rules: label table, input scaling, colours, and which chips it drops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from landwright.data.scenes import Scene
from landwright.data.splits import Region
from landwright.data.tiles import RandomTiles
from landwright.errors import DataError
from landwright.legends import IGNORE, load_crosswalk, load_legend
from landwright.recipe import DataSpec, load_recipe

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.fixture(scope="module")
def rules(parity: Callable[[str], Any]) -> dict[str, Any]:
    return json.loads((parity("paraformer").folder / "data_rules.json").read_text())


def test_label_table(rules: dict[str, Any]) -> None:
    crosswalk = load_crosswalk("nlcd-to-nlcd-paraformer")
    target = load_legend("nlcd-paraformer")
    published = {int(code): index for code, index in rules["label_to_index"].items()}
    codes = np.array([sorted(published)], np.uint8)
    assert set(crosswalk.source_legend.codes) == set(published)
    assert target.encode(crosswalk.apply(codes)).tolist() == [[published[code] for code in codes[0]]]
    # Published index 0 is never taught: no label of ours leads there.
    assert (target.codes[0], len(target)) == (0, 17)
    assert target.encode(crosswalk.apply(np.zeros((1, 1), np.uint8))).tolist() == [[IGNORE]]


@pytest.mark.parametrize("code", [1, 51, 72, 128, 255])
def test_codes_not_listed_are_an_error(rules: dict[str, Any], code: int) -> None:
    """The script takes unknown codes up to 95 for "no label" and crashes above; here a wrong product is noticed."""
    assert code not in map(int, rules["label_to_index"])
    assert rules["label_map_length"] == 96
    with pytest.raises(DataError, match=rf"{code} \(4 px\)"):
        load_crosswalk("nlcd-to-nlcd-paraformer").apply(np.full((2, 2), code, np.uint8))


def test_normalisation(rules: dict[str, Any]) -> None:
    normalize = load_recipe(RECIPES / "paraformer-chesapeake-ny.yaml").normalize
    assert (normalize.divide, normalize.mean, normalize.std) == (1, rules["image_means"], rules["image_stds"])


def test_colours(rules: dict[str, Any]) -> None:
    ours = {str(index): list(colour) for index, colour in enumerate(load_legend("nlcd-paraformer").colours)}
    assert ours == rules["index_colormap"]
    nlcd = load_legend("nlcd")
    assert [list(colour) for colour in nlcd.colours] == [
        ours[str(rules["label_to_index"][str(code)])] for code in nlcd.codes
    ]


def test_chips_with_an_unlabelled_pixel_are_dropped(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    side, tile = 600, 64
    labels = rng.choice(np.array([11, 21, 41, 82], np.uint8), (side, side))
    labels[rng.integers(0, side, 25), rng.integers(0, side, 25)] = 0
    image = rng.integers(1, 255, (4, side, side), dtype=np.uint8)
    for name, array in (("image", image), ("label", labels[None])):
        profile = {"driver": "GTiff", "count": len(array), "height": side, "width": side, "dtype": "uint8"}
        place = {"crs": "EPSG:26918", "transform": Affine(1, 0, 450_000, 0, -1, 4_300_000)}
        with rasterio.open(tmp_path / f"{name}.tif", "w", **profile, **place) as target:
            target.write(array)
    region = Region(Scene("s", tmp_path / "image.tif", tmp_path / "label.tif"), "train")

    def tiles(labelled: float) -> RandomTiles:
        spec = DataSpec(images="unused", labels="unused", tile=tile, labelled=labelled)
        return RandomTiles([region], spec, load_legend("nlcd"), length=60, seed=0)

    def dropped(source: RandomTiles) -> list[bool]:
        windows = (source[index]["window"].tolist() for index in range(60))
        return [bool((labels[row : row + h, col : col + w] == 0).any()) for row, col, h, w in windows]

    assert np.mean(dropped(tiles(0.0))) > 0.1
    assert not any(dropped(tiles(1.0)))
