from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch

from landwright.bundles import load_bundle
from landwright.data.domains import StyledTiles
from landwright.errors import LandwrightError
from landwright.legends import IGNORE
from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.regimes.source import SourceModule
from landwright.regimes.synthetic import build

MakeRecipe = Callable[..., Recipe]
NETWORK = {"name": "rs3dada", "encoder": "compact", "features": 8, "out_channels": [8, 8, 8, 8]}


@pytest.fixture
def make(make_synthetic: MakeRecipe) -> MakeRecipe:
    """Return a recipe of the regime."""
    return make_synthetic


def heads(which: str) -> dict[str, Any]:
    return {**NETWORK, "heads": which}


@pytest.mark.slow
def test_a_run_learns_classes_and_heights_and_adapts(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(optim={"steps": 60, "batch": 4, "lr": 3e-3}, validate={"every": 30})
    assert recipe.validation.metric == "agreement"
    result = train(recipe, tmp_path / "run", progress=False)
    values = result.score.values
    assert values["miou"] > 0.45
    assert values["height_mae"] < 2.2  # 2.5 for no height at all
    assert (
        result.value
        == values["agreement"]
        == pytest.approx((values["classes_agreement"] + values["height_agreement"]) / 2)
    )
    assert "3 target images" in result.data
    assert result.notes == ("no feature constraint: the encoder has no published weights (network.weights)",)
    card = load_bundle(result.bundle).card
    assert (card.regime, card.outputs, card.gsd) == ("synthetic", ("classes", "height"), (0.6, 1.2))
    with (tmp_path / "run/split.csv").open() as stream:
        parts = [row["part"] for row in csv.DictReader(stream)]
    assert (parts.count("target"), parts.count("val")) == (3, 1)


def test_without_a_target_the_scenes_alone_are_learnt(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(target=None, optim={"steps": 2}, validate={"every": 2})
    assert recipe.validation.metric == "miou"
    result = train(recipe, tmp_path / "run", progress=False)
    assert "agreement" not in result.score.values
    experiment = build(recipe, tiles=4)
    assert type(experiment.module) is SourceModule
    assert type(experiment.train) is StyledTiles
    assert set(experiment.train[0]) == {"image", "mask", "height", "valid", "source", "window"}


def test_the_published_baseline_takes_the_look_alone(make: MakeRecipe) -> None:
    spec = {"adapt": False, "style": ["hm", "pda"], "style_share": 1.0, "style_blend": [1.0, 1.0]}
    recipe = make(synthetic=spec, loss={"paper": True})
    styled, plain = build(recipe, tiles=4), build(make(target=None), tiles=4)
    assert type(styled.module) is SourceModule
    assert styled.train[0]["image"].mean() < 0.7 * plain.train[0]["image"].mean()
    assert torch.equal(styled.train[0]["mask"], plain.train[0]["mask"])


@pytest.mark.parametrize("which", ["classes", "height"])
def test_one_head_alone(make: MakeRecipe, tmp_path: Path, which: str) -> None:
    recipe = make(network=heads(which), optim={"steps": 2}, validate={"every": 2})
    result = train(recipe, tmp_path / "run", progress=False)
    assert f"{which}_agreement" in result.score.values
    assert ("miou" in result.score.values) == (which == "classes")
    assert ("mae" in result.score.values) == (which == "height")
    assert load_bundle(result.bundle).card.outputs == (which,)


def test_heights_alone_need_no_classes(make: MakeRecipe, domains: Path) -> None:
    pairs = domains / "pairs.csv"
    names = sorted(path.name for path in (domains / "images").glob("*.tif"))
    rows = "".join(f"images/{name},,heights/{name}\n" for name in names)
    pairs.write_text(f"image,label,height\n{rows}")
    data = {"images": None, "labels": None, "heights": None, "pairs": str(pairs)}
    recipe = make(network=heads("height"), data=data, synthetic={"mix": "cutmix"})
    item = build(recipe, tiles=4).train[0]
    assert (item["mask"] == IGNORE).all()
    assert item["height"].isfinite().all()
    with pytest.raises(LandwrightError, match="has no classes"):
        build(make(network=heads("height"), data=data), tiles=4)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"synthetic": {"raised": ["roof"]}}, "legend building has no class roof"),
        ({"synthetic": {}}, "has no class tree"),
        ({"data": {"heights": None}}, "has no heights, which the network is to learn"),
        ({"validate": {"metric": "beauty"}}, "no figure 'beauty'"),
        ({"target": {"images": "{real}", "bands": [1]}}, "1 bands of it were read, 3 of the synthetic images"),
        (
            {"target": [{"images": "{real}", "bands": [1, 2, 3]}, {"images": "{real}"}]},
            "the sections of `target` choose different bands",
        ),
        ({"target": {"images": "{real}", "exclude": "{real}"}}, "are under target.exclude too"),
    ],
)
def test_refusals(make: MakeRecipe, domains: Path, sections: dict[str, Any], words: str) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return value.replace("{real}", str(domains / "real")) if isinstance(value, str) else value

    with pytest.raises(LandwrightError, match=words):
        build(make(**filled(sections)), tiles=4)


def test_images_of_another_type_are_refused(make: MakeRecipe, domains: Path) -> None:
    for path in (domains / "real").glob("*.tif"):
        with rasterio.open(path) as source:
            pixels, profile = source.read(), source.profile
        with rasterio.open(path, "w", **{**profile, "dtype": "uint16"}) as target:
            target.write(pixels.astype(np.uint16) * 200)
    with pytest.raises(LandwrightError, match="has uint16 values, the synthetic images have uint8"):
        build(make(), tiles=4)


def test_the_sections_belong_to_the_regime(make_recipe: MakeRecipe, domains: Path) -> None:
    with pytest.raises(ValueError, match="`target` belongs to the regime `synthetic`"):
        make_recipe(target={"images": str(domains / "real")})


def test_weights_of_heights_alone_are_chosen_by_the_least_error(make: MakeRecipe, tmp_path: Path) -> None:
    recipe = make(target=None, network=heads("height"), optim={"steps": 6, "lr": 3e-3}, validate={"every": 1})
    assert recipe.validation.metric == "mae"
    result = train(recipe, tmp_path / "run", progress=False)
    with (tmp_path / "run/logs/metrics.csv").open() as stream:
        found = [float(row["val/mae"]) for row in csv.DictReader(stream) if row["val/mae"]]
    assert result.value == pytest.approx(min(found))
    for metric in ("miou", "agreement"):
        with pytest.raises(LandwrightError, match=f"heights alone have no figure '{metric}'"):
            build(make(target=None, network=heads("height"), validate={"metric": metric}), tiles=4)


def test_images_whose_largest_value_is_not_known_are_not_restyled(make: MakeRecipe, domains: Path) -> None:
    for path in (*(domains / "images").glob("*.tif"), *(domains / "real").glob("*.tif")):
        with rasterio.open(path) as source:
            pixels, profile = source.read(), source.profile
        with rasterio.open(path, "w", **{**profile, "dtype": "float32"}) as target:
            target.write(pixels.astype(np.float32) * 40)
    measured = {"mean": "data", "std": "data"}
    with pytest.raises(LandwrightError, match="the largest value of float32 imagery is not known"):
        build(make(normalize=measured), tiles=4)
    item = build(make(normalize={**measured, "divide": 10200}), tiles=4).train[0]
    assert item["image"].max() > 1000
