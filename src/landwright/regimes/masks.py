"""Regime ``masks``: every pixel of the training images has a class, or is marked as unknown."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from landwright.bundles.card import Card, NetworkCard, Normalization, TilingCard
from landwright.data.layouts import load_layout
from landwright.data.loader import make_loader
from landwright.data.scenes import find_scenes
from landwright.data.splits import Split, make_split
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import UsageError
from landwright.legends import Legend, load_legend
from landwright.losses import LOSSES, Loss, build_loss
from landwright.networks import create_network, load_encoder_weights, network_info, unfold_norms
from landwright.networks.encoders import HasEncoderParts
from landwright.rasters import RasterInfo
from landwright.recipe import Recipe
from landwright.regimes.experiment import Experiment
from landwright.regimes.inputs import band_names, gsd_range, normalization
from landwright.regimes.module import RegimeModule, check_metric

STATISTICS_TILES = 64
"""Tiles looked at for the mean and standard deviation of the bands."""


class MasksModule(RegimeModule):
    """Supervised segmentation.

    Args:
        recipe: The recipe.
        network: Network with a class head.
        legend: Classes of the masks.
        scaling: Input scaling.
        loss: From :func:`landwright.losses.build_loss`.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: nn.Module,
        legend: Legend,
        scaling: Normalization,
        loss: Loss,
        *,
        pretrained: tuple[nn.Parameter, ...] = (),
    ) -> None:
        """Keep the parts."""
        super().__init__(recipe, network, legend, scaling, pretrained=pretrained)
        self.loss = loss

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Compare the network's maps with the masks (B, H, W)."""
        return self.report_losses(self.loss(self(batch["image"]), batch["mask"]), batch["source"])


def build(recipe: Recipe, *, tiles: int) -> Experiment:
    """Make a recipe concrete: find and check the data, build network and loss.

    Args:
        recipe: A recipe of the regime ``masks``.
        tiles: Number of training tiles in the whole run.

    Returns:
        The experiment; equal recipes give equal ones.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: The images or masks are not sound.
    """
    legend = load_legend(recipe.classes)
    logits, loss = _head_and_loss(recipe, legend)
    _check_tile(recipe)
    check_metric(recipe, legend)
    torch.manual_seed(recipe.seed)
    network_spec, data = recipe.network, recipe.data
    split = make_split(find_scenes(data), data.split, seed=recipe.seed)
    regions = split.regions("train")
    train = RandomTiles(regions, data, legend, length=tiles, seed=recipe.seed, augment=recipe.augment)
    val = GridTiles(split.regions("val"), data, legend, limit=recipe.validation.tiles)
    infos = _training_grids(train, split)
    layout = load_layout(data.layout) if data.layout is not None else None
    names = band_names(data.bands, infos[0], layout)
    network = create_network(network_spec.name, classes=logits, bands=len(names), **network_spec.options)
    expected = network_info(network_spec.name, **network_spec.options).normalization
    pretrained: tuple[nn.Parameter, ...] = ()
    if network_spec.weights != "none":
        report = load_encoder_weights(network, network_spec.weights)
        expected = report.normalization or expected
        assert isinstance(network, HasEncoderParts)
        loaded = [part.module for part in network.encoder_parts() if part.name in report.loaded]
        pretrained = tuple(parameter for module in loaded for parameter in module.parameters())

    def sample() -> GridTiles:
        return GridTiles(regions, data, legend, limit=STATISTICS_TILES)

    scaling = normalization(recipe.normalize, infos, len(names), sample, expected)
    module = MasksModule(recipe, network, legend, scaling, loss, pretrained=pretrained)
    if pretrained:
        batch = next(iter(make_loader(train, recipe.optim.batch)))["image"]
        unfold_norms(network, batch * module.scale + module.shift)
    card = Card(
        name=f"{network_spec.name.replace(':', '-')}-{legend.name}",
        regime=recipe.regime,
        network=NetworkCard(name=network_spec.name, options=network_spec.options, classes=logits),
        bands=names,
        normalization=scaling,
        gsd=gsd_range(infos, layout),
        legend=legend,
        tiling=TilingCard(tile=data.tile),
        recipe_hash=recipe.hash(),
    )
    return Experiment(module, train, val, split, card)


def _head_and_loss(recipe: Recipe, legend: Legend) -> tuple[int, Loss]:
    """Choose the number of logits and the loss; networks that were published with a loss have its name."""
    name = recipe.loss.name
    if name == "auto":
        name = recipe.network.name if recipe.network.name in LOSSES else "ce-dice"
    # Cross-entropy needs a logit per class; the other losses take one foreground logit, as published.
    logits = 1 if len(legend) == 2 and not name.startswith("ce") else len(legend)
    return logits, build_loss(name, logits, paper=recipe.loss.paper)


def _check_tile(recipe: Recipe) -> None:
    info = network_info(recipe.network.name, **recipe.network.options)
    if recipe.data.tile < info.min_tile:
        raise UsageError(
            f"tiles of {recipe.data.tile} pixels are too small for {info.name!r}",
            remedy=f"Set data.tile to {info.min_tile} or more",
        )


def _training_grids(train: RandomTiles, split: Split) -> list[RasterInfo]:
    scenes = {region.scene: None for region in split.regions("train")}
    infos = [train.reader.info(scene) for scene in scenes]
    train.reader.close()  # forked loader workers inherit no open files
    return infos
