"""What every regime needs before its own part begins: tiles, a network with its weights, the bundle's card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from landwright.bundles.card import Card, NetworkCard, Normalization, TilingCard
from landwright.data.layouts import Layout, load_layout
from landwright.data.loader import make_loader
from landwright.data.scenes import find_scenes
from landwright.data.splits import Region, Split, make_split
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import DataError, UsageError
from landwright.legends import Legend
from landwright.networks import create_network, load_encoder_weights, network_info, unfold_norms
from landwright.networks.encoders import HasEncoderParts
from landwright.rasters import RasterInfo
from landwright.recipe import DataSpec, Recipe
from landwright.regimes.inputs import band_names, gsd_range, normalization

STATISTICS_TILES = 64
"""Tiles looked at for the mean and standard deviation of the bands."""


@dataclass(frozen=True)
class TrainingData:
    """The images and labels of a recipe, found and checked.

    Attributes:
        spec: How they are read.
        legend: Classes that the labels are read as.
        split: Which scene is in which part.
        train: Training tiles of the whole run.
        val: Validation tiles.
        infos: Grids of the training images.
        bands: Names of the bands, those of an earlier date first.
        dates: Number of dates that the bands are of.
        layout: The published layout that they come from, if any.
        notes: What a user may not expect of the training labels.
    """

    spec: DataSpec
    legend: Legend
    split: Split
    train: RandomTiles
    val: GridTiles
    infos: tuple[RasterInfo, ...]
    bands: tuple[str, ...]
    dates: Literal[1, 2]
    layout: Layout | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Equipment:
    """A network that is ready to be trained.

    Attributes:
        network: The network, its encoder loaded where the recipe says so.
        scaling: Input scaling.
        pretrained: Parameters that were loaded.
    """

    network: nn.Module
    scaling: Normalization
    pretrained: tuple[nn.Parameter, ...]


def open_data(recipe: Recipe, spec: DataSpec, legend: Legend, *, tiles: int, unlabelled: bool = False) -> TrainingData:
    """Find and check images and labels, and divide them.

    Args:
        recipe: The recipe.
        spec: How images and labels are read; the recipe's ``data`` section, or what the regime makes of it.
        legend: Classes that the labels are read as.
        tiles: Number of training tiles in the whole run.
        unlabelled: Whether a scene may lack classes.

    Raises:
        UsageError: Tiles are too small for the network, or it takes two dates and the scenes have one.
        DataError: The images or labels are not sound.
    """
    check_tile(recipe)
    scenes = find_scenes(spec)
    if not unlabelled and (bare := next((scene for scene in scenes if scene.label is None), None)) is not None:
        raise DataError("has no label", path=bare.image, remedy="Give data.labels, or a label for every row of the CSV")
    split = make_split(scenes, spec.split, seed=recipe.seed)
    dates = _dates(split.regions("train"))
    _check_dates(recipe, dates)
    train = RandomTiles(split.regions("train"), spec, legend, length=tiles, seed=recipe.seed, augment=recipe.augment)
    val = GridTiles(split.regions("val"), spec, legend, limit=recipe.validation.tiles)
    learnt = dict.fromkeys(region.scene for region in split.regions("train"))
    infos = tuple(train.reader.info(scene) for scene in learnt)
    notes = (*summary({scene.name: train.reader.notes(scene) for scene in learnt}), *train.survey.notes)
    train.reader.close()  # forked loader workers inherit no open files
    layout = load_layout(spec.layout) if spec.layout is not None else None
    bands = band_names(spec.bands, infos[0], layout, dates=dates)
    return TrainingData(spec, legend, split, train, val, infos, bands, dates, layout, notes)


def _dates(regions: Sequence[Region]) -> Literal[1, 2]:
    pairs = [region.scene for region in regions if region.scene.before is not None]
    if pairs and len(pairs) < len(regions):
        single = next(region.scene for region in regions if region.scene.before is None)
        raise DataError(
            "has no image of an earlier date, others have", path=single.image, remedy="Give all of them one"
        )
    return 2 if pairs else 1


def summary(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Say once what is noted of several scenes; of notes that differ by their numbers alone the first is shown.

    Args:
        notes: Notes by scene.

    Returns:
        ``SCENE: NOTE``, with the number of further scenes of the same kind.
    """
    kinds: dict[str, list[str]] = {}
    for scene, texts in notes.items():
        for text in texts:
            kinds.setdefault(re.sub(r"\d+(\.\d+)?", "", text), []).append(f"{scene}: {text}")
    return tuple(
        found[0] + (f" (and {len(found) - 1} more of this kind)" if len(found) > 1 else "") for found in kinds.values()
    )


def equip(recipe: Recipe, data: TrainingData, *, logits: int) -> Equipment:
    """Build the recipe's network with ``logits`` class logits, and settle what it sees of the images.

    Raises:
        UsageError: The network, one of its options or the input scaling does not fit.
        DataError: The weights cannot be read or do not fit.
    """
    spec = recipe.network
    torch.manual_seed(recipe.seed)
    network = create_network(spec.name, classes=logits, bands=len(data.bands), **spec.options)
    expected = network_info(spec.name, **spec.options).normalization
    pretrained: tuple[nn.Parameter, ...] = ()
    if spec.weights != "none":
        report = load_encoder_weights(network, spec.weights)
        expected = report.normalization or expected
        assert isinstance(network, HasEncoderParts)
        loaded = [part.module for part in network.encoder_parts() if part.name in report.loaded]
        pretrained = tuple(parameter for module in loaded for parameter in module.parameters())

    def sample() -> GridTiles:
        return GridTiles(data.split.regions("train"), data.spec, data.legend, limit=STATISTICS_TILES)

    scaling = normalization(recipe.normalize, data.infos, len(data.bands), sample, expected, dates=data.dates)
    if pretrained:
        scale, shift = (torch.from_numpy(values) for values in scaling.coefficients())
        batch = next(iter(make_loader(data.train, recipe.optim.batch)))["image"]
        unfold_norms(network, batch * scale + shift)
    return Equipment(network, scaling, pretrained)


def make_card(recipe: Recipe, data: TrainingData, legend: Legend, scaling: Normalization, *, logits: int) -> Card:
    """Return the card of the bundle, without scores; ``legend`` holds the classes of the maps."""
    spec = recipe.network
    return Card(
        name=f"{spec.name.replace(':', '-')}-{legend.name}",
        regime=recipe.regime,
        network=NetworkCard(name=spec.name, options=spec.options, classes=logits),
        bands=data.bands,
        normalization=scaling,
        gsd=gsd_range(data.infos, data.layout),
        legend=legend,
        outputs=network_info(spec.name, **spec.options).heads,
        dates=data.dates,
        tiling=TilingCard(tile=data.spec.tile),
        recipe_hash=recipe.hash(),
    )


def check_tile(recipe: Recipe) -> None:
    """Refuse tiles that are too small for the network.

    Raises:
        UsageError: They are.
    """
    info = network_info(recipe.network.name, **recipe.network.options)
    if recipe.data.tile < info.min_tile:
        raise UsageError(
            f"tiles of {recipe.data.tile} pixels are too small for {info.name!r}",
            remedy=f"Set data.tile to {info.min_tile} or more",
        )


def _check_dates(recipe: Recipe, dates: int) -> None:
    # The bands alone do not tell: four of one date would pass for two of each.
    info = network_info(recipe.network.name, **recipe.network.options)
    if info.dates > dates:
        raise UsageError(
            f"{info.name!r} compares two dates, and the scenes have images of one",
            remedy="Give those of the earlier date: data.before beside data.images, or a column `before` in the CSV",
        )
