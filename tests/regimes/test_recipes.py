"""The shipped recipes fit the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from landwright.data.layouts import load_layout
from landwright.legends import load_legend
from landwright.losses import build_loss
from landwright.networks import network_info
from landwright.recipe import Recipe, load_recipe
from landwright.regimes.module import check_metric
from landwright.regimes.optimizer import check_optim

RECIPES = sorted((Path(__file__).resolve().parents[2] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_names_things_that_exist(path: Path) -> None:
    recipe = load_recipe(path)
    legend = load_legend(recipe.classes)
    check_metric(recipe, legend)
    check_optim(recipe.optim)
    assert recipe.data.tile >= network_info(recipe.network.name, **recipe.network.options).min_tile
    if recipe.loss.name != "auto":
        build_loss(recipe.loss.name, len(legend), paper=recipe.loss.paper)
    if recipe.data.layout is not None:
        assert load_layout(recipe.data.layout).legend == recipe.classes


@pytest.mark.parametrize("name", ["clcformer-whu", "clcformer-inria", "clcformer-potsdam"])
def test_paper_recipes_hold_the_published_settings(name: str) -> None:
    recipe: Recipe = load_recipe(next(path for path in RECIPES if path.stem == name))
    optim = recipe.optim
    assert (optim.lr, optim.min_lr, optim.weight_decay, optim.batch, optim.clip) == (1e-4, 1e-5, 0.01, 8, 2.0)
    assert (optim.lookahead, optim.precision, optim.warmup, optim.accumulate) == ("paper", "32", 0, 1)
    assert (recipe.data.tile, recipe.data.balance, recipe.seed) == (512, 0.0, 1234)
    assert not any((recipe.augment.flip, recipe.augment.rotate, recipe.augment.zoom, recipe.augment.colour))
    assert (recipe.normalize.mean, recipe.loss.name, recipe.loss.paper) == ("imagenet", "clcformer", True)
