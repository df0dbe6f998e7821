"""Regime ``masks``: every pixel of the training images has a class, or is marked as unknown."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.legends import Legend, load_legend
from landwright.losses import LOSSES, Loss, build_loss
from landwright.networks import network_info
from landwright.recipe import Recipe
from landwright.regimes.experiment import Experiment
from landwright.regimes.module import RegimeModule, check_metric
from landwright.regimes.setup import equip, make_card, open_data


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

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Compare the network's maps with the masks (B, H, W)."""
        if self.is_empty(batch["mask"]):
            return None
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
    check_metric(recipe, legend)
    data = open_data(recipe, recipe.data, legend, tiles=tiles)
    ready = equip(recipe, data, logits=logits)
    module = MasksModule(recipe, ready.network, legend, ready.scaling, loss, pretrained=ready.pretrained)
    card = make_card(recipe, data, legend, ready.scaling, logits=logits)
    return Experiment(module, data.train, data.val, data.split, card, data.notes)


def _head_and_loss(recipe: Recipe, legend: Legend) -> tuple[int, Loss]:
    """Choose the number of logits and the loss; networks that were published with a loss have its name."""
    name = recipe.loss.name
    if name == "auto":
        name = recipe.network.name if recipe.network.name in LOSSES else "ce-dice"
    # Cross-entropy needs a logit per class; the other losses take one foreground logit, as published.
    logits = 1 if len(legend) == 2 and not name.startswith("ce") else len(legend)
    branches = network_info(recipe.network.name, **recipe.network.options).branches
    return logits, build_loss(name, logits, paper=recipe.loss.paper, branches=branches)
