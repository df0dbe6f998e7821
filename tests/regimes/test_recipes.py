"""The shipped recipes fit the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from landwright.data.layouts import load_layout
from landwright.legends import load_crosswalk, load_legend
from landwright.losses import build_loss
from landwright.networks import network_info
from landwright.recipe import Recipe, load_recipe
from landwright.regimes import tags_scores, words
from landwright.regimes.agreement import FIGURES
from landwright.regimes.module import check_metric
from landwright.regimes.optimizer import check_optim, paper_factor, published_lr
from landwright.regimes.tags_plan import TagsPlan, resolve

RECIPES = sorted((Path(__file__).resolve().parents[2] / "recipes").glob("*.yaml"))
CHESAPEAKE = {"ny": 100, "md": 100, "de": 107, "pa": 125, "va": 125, "wv": 125}
"""Tiles per state in the paper's figure."""


def shipped(name: str) -> Recipe:
    return load_recipe(next(path for path in RECIPES if path.stem == name))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_names_things_that_exist(path: Path) -> None:
    recipe = load_recipe(path)
    legend = load_legend(recipe.classes)
    check_metric(
        recipe,
        legend,
        further={"synthetic": FIGURES, "words": words.FIGURES, "tags": tags_scores.FIGURES}.get(recipe.regime, ()),
    )
    check_optim(recipe.optim)
    assert recipe.data.tile >= network_info(recipe.network.name, **recipe.network.options).min_tile
    if recipe.loss.name != "auto":
        build_loss(recipe.loss.name, len(legend), paper=recipe.loss.paper)
    product = recipe.classes
    if recipe.data.crosswalk is not None:
        crosswalk = load_crosswalk(recipe.data.crosswalk)
        assert crosswalk.target == recipe.classes
        product = crosswalk.source
    if recipe.data.layout is not None:
        layout = load_layout(recipe.data.layout)
        assert layout.legend == product
        assert set(recipe.data.where or ()) <= set(layout.fields)
    for target in recipe.target:
        if target.layout is not None:
            load_layout(target.layout)


@pytest.mark.parametrize("name", ["clcformer-whu", "clcformer-inria", "clcformer-potsdam"])
def test_paper_recipes_hold_the_published_settings(name: str) -> None:
    recipe = shipped(name)
    optim = recipe.optim
    assert (optim.lr, optim.min_lr, optim.weight_decay, optim.batch, optim.clip) == (1e-4, 1e-5, 0.01, 8, 2.0)
    assert (optim.lookahead, optim.precision, optim.warmup, optim.accumulate) == ("paper", "32", 0, 1)
    assert (recipe.data.tile, recipe.data.balance, recipe.seed) == (512, 0.0, 1234)
    assert not any((recipe.augment.flip, recipe.augment.rotate, recipe.augment.zoom, recipe.augment.colour))
    assert (recipe.normalize.mean, recipe.loss.name, recipe.loss.paper) == ("imagenet", "clcformer", True)


@pytest.mark.parametrize("state", CHESAPEAKE)
def test_paraformer_recipes_hold_the_published_settings(state: str) -> None:
    recipe = shipped(f"paraformer-chesapeake-{state}")
    data, optim = recipe.data, recipe.optim
    assert (recipe.regime, recipe.classes, recipe.seed) == ("coarse", "nlcd-paraformer", 1234)
    assert (data.layout, data.where, data.crosswalk) == ("chesapeake-nlcd", {"state": state}, "nlcd-to-nlcd-paraformer")
    assert (data.tile, data.balance, data.labelled, data.bands) == (224, 0.0, 1.0, None)
    assert recipe.network.model_dump() == {
        "name": "paraformer",
        "weights": "hub",
        "width": 64,
        "encoder": "vit_base",
    }
    assert (optim.name, optim.lr, optim.encoder_lr, optim.min_lr) == ("sgd", 0.01, None, 0)
    assert (optim.momentum, optim.weight_decay, optim.batch, optim.clip) == (0.9, 1e-4, 10, None)
    assert (optim.schedule, optim.precision, optim.warmup, optim.accumulate) == ("paper", "32", 0, 1)
    assert (optim.lookahead, optim.steps) == ("off", 100 * CHESAPEAKE[state] * 50 // 10)
    assert not any((recipe.augment.flip, recipe.augment.rotate, recipe.augment.zoom, recipe.augment.colour))
    assert (recipe.normalize.divide, recipe.loss.name, recipe.loss.paper) == (1, "auto", True)
    assert (recipe.coarse, recipe.validation.keep) == (None, "last")


def test_the_recipes_of_all_states_differ_in_state_and_length_alone() -> None:
    first, *others = (shipped(f"paraformer-chesapeake-{state}").dump() for state in CHESAPEAKE)
    for other in others:
        other["data"]["where"], other["optim"]["steps"] = first["data"]["where"], first["optim"]["steps"]
        assert other == first


def test_the_rs3dada_recipe_holds_the_published_settings() -> None:
    recipe = shipped("rs3dada")
    data, optim, spec = recipe.data, recipe.optim, recipe.synthetic
    assert (data.layout, data.tile, recipe.loss.paper) == ("synrs3d", 392, True)
    assert recipe.network.model_dump() == {"name": "rs3dada", "weights": "hub", "encoder": "vitl"}
    assert (optim.name, optim.lr, optim.encoder_lr, optim.min_lr, optim.weight_decay) == ("adamw", 1e-5, 1e-6, 0, 5e-4)
    assert (optim.schedule, optim.steps, optim.warmup, optim.batch, optim.clip) == ("poly-zero", 40000, 1500, 1, None)
    assert [(target.layout, target.limit) for target in recipe.target] == [
        ("dfc18", 200),
        ("dfc19-jax", 200),
        ("dfc19-oma", 200),
        ("geonrw-rural", 200),
        ("geonrw-urban", 200),
        ("ogc-arg", 200),
        ("ogc-atl", 200),
    ]
    assert spec is not None
    assert (spec.style, spec.style_share, spec.style_blend, spec.fda_beta) == (
        ("fda", "hm", "pda"),
        0.8,
        (0.8, 1),
        0.01,
    )
    assert (spec.confidence, spec.ratio, spec.ema, spec.height_weight) == (0.95, 1.55, 0.99, 0.8)
    assert (spec.mix, spec.feature, spec.feature_threshold) == ("classmix", 1.0, 0.8)
    assert recipe.validation.metric == "agreement"


def test_the_published_rate_hardly_falls() -> None:
    optim = shipped("paraformer-chesapeake-ny").optim
    assert published_lr(optim.lr, optim.batch) == optim.lr
    assert optim.lr * paper_factor(optim.steps, optim.steps * optim.batch) == pytest.approx(0.0091, abs=1e-5)


@pytest.mark.parametrize(("name", "stage"), [("words-farslip1", 1), ("words-farslip2", 2)])
def test_the_farslip_recipes_hold_the_published_settings(name: str, stage: int) -> None:
    recipe = shipped(name)
    optim, spec = recipe.optim, recipe.words
    assert spec is not None
    assert (optim.lr, optim.warmup) == ((1e-6, 1000) if stage == 1 else (4e-9, 250))
    assert (optim.name, optim.weight_decay, optim.schedule, optim.min_lr, optim.clip) == ("adamw", 1, "cosine", 0, None)
    assert (spec.caption, spec.region, spec.distillation) == ((1, 0, 0.1) if stage == 1 else (1, 1, 0))
    assert (spec.align, spec.attention, spec.teacher, spec.crops) == ("roi2pooled", "segearth", "active", 4)
    assert (spec.crop_area, spec.phrase, spec.context) == (
        (0.3, 0.7),
        "a satellite image of {}",
        None if stage == 1 else 248,
    )
    assert not any((recipe.augment.flip, recipe.augment.rotate, recipe.augment.zoom, recipe.augment.colour))
    assert (recipe.validation.metric, recipe.validation.keep) == ("loss", "last")


def plan_of(name: str) -> TagsPlan:
    recipe = shipped(name)
    stride = network_info(recipe.network.name, **recipe.network.options).stride
    return resolve(recipe, load_legend(recipe.classes), stride=stride)


@pytest.mark.parametrize(
    ("name", "rates", "steps", "batch", "warm", "score", "objects"),
    [
        ("atsg-isaid", (4.8e-4, 6e-5), 40000, 8, 4000, 0.5, 0.03),
        ("atsg-potsdam", (3.2e-4, 4e-5), 40000, 4, 2000, 0.6, 0.01),
        ("atsg-vaihingen", (3.2e-4, 4e-5), 15000, 2, 2000, 0.6, 0.01),
        ("ctfa-isaid", (4.8e-4, 6e-5), 20000, 8, 4000, 0.5, 0),
        ("ctfa-potsdam", (3.2e-4, 4e-5), 20000, 8, 2000, 0.6, 0),
        ("ctfa-deepglobe", (2e-4, 2e-5), 20000, 8, 4000, 0.5, 0),
    ],
)
def test_the_recipes_of_tags_hold_the_published_settings(
    name: str, rates: tuple[float, float], steps: int, batch: int, warm: int, score: float, objects: float
) -> None:
    recipe, plan = shipped(name), plan_of(name)
    optim = recipe.optim
    assert (optim.lr, optim.encoder_lr, optim.min_lr) == (*rates, 0)
    assert (optim.name, optim.weight_decay, optim.schedule, optim.warmup) == ("adamw", 0.01, "poly-afa", 1500)
    assert (optim.steps, optim.batch, optim.clip, optim.precision) == (steps, batch, 1.0, "32")
    assert (recipe.data.tile, recipe.seed, recipe.data.split.by, recipe.loss.paper) == (320, 0, "column", True)
    assert recipe.network.model_dump() == {"name": "ctfa", "weights": "hub", "encoder": "deit_base"}
    assert recipe.augment.model_dump() == {"flip": True, "rotate": False, "zoom": (0.5, 2.0), "colour": 0.0}
    deepglobe = name == "ctfa-deepglobe"
    assert (plan.affinity, plan.contrast, plan.dense_energy) == (0.3, 0.5, 0.05)
    assert (plan.seg, plan.joint) == ((0.2, 0.2) if deepglobe else (0.1, 0.3))
    assert (plan.seg_after, plan.background_score, plan.high, plan.low) == (warm, score, 0.7, 0.25)
    assert (plan.objects, plan.boundary) == ((objects, 1.2) if objects else (0, 0))
    assert plan.background != deepglobe
    assert (plan.crops, plan.crop_size, plan.cam_scales) == (8, 96, (1.0, 0.5, 1.5))
    if plan.method == "atsg":
        assert (plan.aux_block, plan.patchlink, plan.link_features) == ("dynamic", "union", "dino_tokens")
        assert (plan.link_threshold, plan.dino, plan.dino_weights) == ("batch_mean", "vit_base", "hub")
        assert (plan.object_loss, plan.boundary_loss) == ("official", "official")
    else:
        assert (plan.aux_block, plan.patchlink, plan.segments) == (None, "off", "none")


def test_the_quick_recipe_of_tags_needs_no_weights() -> None:
    recipe, plan = shipped("tags-quick"), plan_of("tags-quick")
    assert (recipe.network.options, recipe.network.weights) == ({"encoder": "compact"}, "none")
    assert (plan.method, plan.paper, plan.dino_weights) == ("atsg", False, None)
