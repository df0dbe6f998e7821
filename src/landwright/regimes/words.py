"""Regime ``words``: a dual encoder of images and texts learns what places look like and what they are called."""

from __future__ import annotations

import math
from collections.abc import Sequence

from landwright.bundles.card import Card, NetworkCard, Normalization, TilingCard, WordsCard
from landwright.data.tiles import GridTiles
from landwright.errors import UsageError
from landwright.networks.clip import ClipNetwork
from landwright.recipe import NormalizeSpec, Recipe, WordsSpec
from landwright.regimes.experiment import Experiment
from landwright.regimes.inputs import normalization
from landwright.regimes.module import check_metric
from landwright.regimes.setup import STATISTICS_TILES
from landwright.regimes.words_data import WordData, find_classes, open_word_data
from landwright.regimes.words_module import WordsModule
from landwright.regimes.words_start import NAME, Origin, begin, find_origin, network_options
from landwright.words.templates import load_templates
from landwright.words.tokens import check_words, tokenizer

OVERLAP = 0.5
"""Overlap of neighbouring windows when maps are made: similarities are uncertain near edges."""

FIGURES = ("loss",)
"""Figures of which less is better, by which weights are chosen where there are no masks."""


def build(recipe: Recipe, *, tiles: int) -> Experiment:
    """Make a recipe concrete: find the weights to begin with, the images, and what is said of them.

    Args:
        recipe: A recipe of the regime ``words``.
        tiles: Number of training views in the whole run.

    Returns:
        The experiment; equal recipes give equal ones. Its bundle maps by the words of the recipe's classes.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: The weights, images, masks, captions or boxes are not sound.
    """
    spec = recipe.words or WordsSpec()
    _check_optim(recipe)
    vocabulary = find_classes(recipe.classes)
    check_metric(recipe, vocabulary, further=FIGURES)
    origin = find_origin(recipe, spec)
    bands = 3 if recipe.data.bands is None else len(recipe.data.bands)
    network = begin(recipe, spec, origin, vocabulary, bands=bands)
    encoder = network.encoder
    options = network_options(recipe, spec, origin, vocabulary)
    architecture = str(options.get("architecture", "ViT-B-16"))
    tokens = tokenizer("openclip", architecture, encoder.context)
    templates = load_templates(spec.templates)
    check_words(vocabulary.queries, tokens, templates)
    side = _side(spec, network)
    data = open_word_data(recipe, spec, vocabulary, side=side, items=tiles)
    _check_data(recipe, data, bands)
    if data.tile is not None and data.tile != side and "zoom" not in options:
        options["zoom"] = network.zoom = side / data.tile  # maps are made at the scale that was learnt
    scaling = _scaling(recipe, origin, data, bands)
    module = WordsModule(recipe, network, vocabulary, scaling, spec, tokens, told=data.told, scored=data.scored)
    card = Card(
        name=f"{architecture}-{vocabulary.name}".lower(),
        regime=recipe.regime,
        network=NetworkCard(name=NAME, options=options, classes=len(vocabulary)),
        bands=data.bands,
        normalization=scaling,
        gsd=data.gsd,
        legend=vocabulary.legend(),
        tiling=TilingCard(tile=data.tile or side, overlap=OVERLAP),
        words=WordsCard(model=origin.model, vocabulary=vocabulary, templates=templates.name, prompts=templates.kept),
        recipe_hash=recipe.hash(),
        licence=origin.licence,
    )
    return Experiment(module, data.train, data.val, data.split, card, data.notes)


def _check_optim(recipe: Recipe) -> None:
    optim = recipe.optim
    if optim.name != "adamw" or optim.lookahead != "off" or optim.encoder_lr is not None:
        raise UsageError(
            "the regime words trains both towers by AdamW at one rate",
            remedy="Leave optim.name, optim.lookahead and optim.encoder_lr out",
        )


def _side(spec: WordsSpec, network: ClipNetwork) -> int:
    side, patch = spec.view or network.encoder.native, network.encoder.patch
    if side % patch:
        nearest = max(patch, round(side / patch) * patch)
        raise UsageError(
            f"views of {side} pixels do not hold whole patches of {patch}", remedy=f"Set words.view to {nearest}"
        )
    return side


def _check_data(recipe: Recipe, data: WordData, bands: int) -> None:
    if len(data.bands) != bands:
        raise UsageError(
            f"the images have {len(data.bands)} bands, the network {bands}", remedy="Choose them with data.bands"
        )
    by_loss = recipe.validation.metric in FIGURES
    if by_loss == data.scored:
        problem = "masks in the val part, so that maps are scored" if data.scored else "no masks to score maps by"
        raise UsageError(
            f"there are {problem}: validate.metric {recipe.validation.metric} is not measured",
            remedy=f"Set validate.metric to {'miou' if data.scored else FIGURES[0]}",
        )
    if data.told and recipe.optim.batch < 2:
        raise UsageError("a batch of one has nothing to tell an image from", remedy="Set optim.batch to 2 or more")


def _scaling(recipe: Recipe, origin: Origin, data: WordData, bands: int) -> Normalization:
    """Work out the input scaling; ``network`` is what the weights were trained with."""
    spec = recipe.normalize

    def own(values: Sequence[float]) -> list[float]:
        if len(values) == bands:
            return list(values)
        return [math.fsum(values) / len(values)] * bands

    chosen = NormalizeSpec(
        divide=spec.divide,
        mean=own(origin.mean) if spec.mean == "network" else spec.mean,
        std=own(origin.std) if spec.std == "network" else spec.std,
    )

    def sample() -> GridTiles:
        return GridTiles(data.split.regions("train"), recipe.data, data.vocabulary, limit=STATISTICS_TILES)

    return normalization(chosen, data.infos, bands, sample, expected="clip")
