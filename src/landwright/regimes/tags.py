"""Regime ``tags``: it is known what is in each image, and not where (ToCo, CTFA, ATSG)."""

from __future__ import annotations

from typing import cast

from landwright.data.tagged import TaggedImages
from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.networks import network_info
from landwright.networks.ctfa import Ctfa
from landwright.networks.ctfa.blocks import default_block
from landwright.networks.ctfa.encoder import DEFAULT, LAYOUTS
from landwright.recipe import NetworkSpec, Recipe, TagsSpec
from landwright.regimes.experiment import Experiment
from landwright.regimes.module import check_metric
from landwright.regimes.setup import check_tile, equip, make_card
from landwright.regimes.tags_data import open_tag_data
from landwright.regimes.tags_links import LinkFeatures
from landwright.regimes.tags_module import TagsModule
from landwright.regimes.tags_plan import TagsPlan, resolve
from landwright.regimes.tags_scores import FIGURES, TAG_AP

_OWNED = ("background", "aux_block")
"""Options of the network that the section ``tags`` decides on."""


def build(recipe: Recipe, *, tiles: int) -> Experiment:
    """Make a recipe concrete: find images, tags and segments, build the network, settle every switch.

    Args:
        recipe: A recipe of the regime ``tags``.
        tiles: Number of training crops in the whole run.

    Returns:
        The experiment; equal recipes give equal ones. Its notes say what every switch came to.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: The images, tags, masks or segments are not sound.
    """
    legend = load_legend(recipe.classes)
    spec = recipe.tags or TagsSpec()
    check_metric(recipe, legend, further=FIGURES)
    _check_network(recipe)
    plan = resolve(recipe, legend, stride=network_info(recipe.network.name, **recipe.network.options).stride)
    given, recipe = recipe, _with_options(recipe, plan)
    data = open_tag_data(recipe, spec, legend, plan)
    _check_figure(recipe, scored=data.scored)
    ready = equip(recipe, data.found, logits=len(legend))
    module = TagsModule(
        recipe,
        cast(Ctfa, ready.network),
        legend,
        ready.scaling,
        plan,
        scored=data.scored,
        links=None if plan.dino_weights is None else LinkFeatures(plan),
        pretrained=ready.pretrained,
    )
    train = TaggedImages(
        data.learnt,
        recipe.data,
        legend,
        data.tags,
        length=tiles,
        seed=recipe.seed,
        full=data.full,
        augment=recipe.augment,
        colour=spec.colour,
        views=plan.contrast > 0,
        segments=data.segments,
        paper=plan.paper,
    )
    card = make_card(recipe, data.found, legend, ready.scaling, logits=len(legend))
    card = card.model_copy(update={"recipe_hash": given.hash()})
    remark = "" if data.scored else ", against their tags: maps are not scored"
    return Experiment(
        module,
        train,
        data.val,
        data.found.split,
        card,
        data.found.notes,
        remark,
        figures=FIGURES,
        tags=data.source,
    )


def _check_network(recipe: Recipe) -> None:
    """Refuse networks without class heads, and tiles that would be padded.

    Raises:
        UsageError: The network or the tile does not fit.
    """
    network = recipe.network
    info = network_info(network.name, **network.options)
    if not info.tags:
        raise UsageError(f"network {network.name!r} cannot learn from tags", remedy="Use ctfa")
    if given := [name for name in _OWNED if name in network.options]:
        key = "background" if given[0] == "background" else "da"
        raise UsageError(f"network.{given[0]} is decided by the section `tags`", remedy=f"Use tags.{key}")
    _check_block(recipe)
    check_tile(recipe)
    if recipe.data.tile % info.stride:
        nearest = max(1, round(recipe.data.tile / info.stride)) * info.stride
        raise UsageError(
            f"tiles of {recipe.data.tile} pixels are no multiple of the network's {info.stride}",
            remedy=f"Set data.tile to {nearest}",
        )


def _check_block(recipe: Recipe) -> None:
    da = (recipe.tags or TagsSpec()).da
    layout = LAYOUTS.get(str(recipe.network.options.get("encoder", DEFAULT)))
    # An encoder that there is not is told of by the network.
    if isinstance(da, int) and layout is not None and da >= layout.depth:
        raise UsageError(
            f"tags.da {da} is no block of the encoder, which has 0 to {layout.depth - 1}",
            remedy=f"Set tags.da to one of these, to official, or to off, which is {default_block(layout.depth)}",
        )


def _with_options(recipe: Recipe, plan: TagsPlan) -> Recipe:
    network = recipe.network
    options = {**network.options, "background": plan.background}
    if plan.aux_block is not None:
        options["aux_block"] = plan.aux_block
    spec = NetworkSpec(name=network.name, weights=network.weights, **options)
    return recipe.model_copy(update={"network": spec})


def _check_figure(recipe: Recipe, *, scored: bool) -> None:
    metric = recipe.validation.metric
    if not scored and metric != TAG_AP:
        raise UsageError(
            f"there are no masks in the val part: validate.metric {metric} is not measured",
            remedy=f"Set validate.metric to {TAG_AP}, or give masks",
        )
