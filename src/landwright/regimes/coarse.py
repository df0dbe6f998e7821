"""Regime ``coarse``: the only labels are an old land-cover product of 10 to 30 m."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.data.survey import check_classes
from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Legend, load_crosswalk, load_legend, load_prior
from landwright.losses import CoarseLoss
from landwright.networks import network_info
from landwright.recipe import CoarseSpec, Recipe
from landwright.regimes.experiment import Experiment
from landwright.regimes.module import RegimeModule, check_metric
from landwright.regimes.setup import equip, make_card, open_data

REMARK = ", against the coarse labels: agreement with them, not accuracy"


class CoarseModule(RegimeModule):
    """Training on the classes of a coarse product.

    Args:
        recipe: The recipe.
        network: Network with one logit per class. If it has two branches, the first learns from all labels and the
            second from those that the first agrees with; else its map is both.
        legend: Classes of the maps.
        scaling: Input scaling.
        loss: The loss.
        branches: Whether the network's auxiliary maps are its two branches.
        classes: Int64 (256,): class of the maps by class of the product, 255 where there is none.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.
    """

    classes: Tensor
    usable: Tensor

    def __init__(
        self,
        recipe: Recipe,
        network: nn.Module,
        legend: Legend,
        scaling: Normalization,
        loss: CoarseLoss,
        *,
        branches: bool,
        classes: Tensor,
        pretrained: tuple[nn.Parameter, ...] = (),
    ) -> None:
        """Keep the parts."""
        super().__init__(recipe, network, legend, scaling, pretrained=pretrained)
        self.loss = loss
        self.branches = branches
        self.register_buffer("classes", classes, persistent=False)
        usable = torch.full_like(classes, IGNORE)
        places = loss.shares.sum(1).nonzero()[:, 0]
        usable[places] = places
        self.register_buffer("usable", usable, persistent=False)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Compare the network's branches with the product's classes (B, H, W)."""
        labels = self.usable[batch["mask"]]
        if self.is_empty(labels):
            return None
        outputs = self(batch["image"])
        first, second = outputs.auxiliary if self.branches else (outputs.classes, outputs.classes)
        losses = self.loss(first, second, labels, outputs.features)
        return self.report_losses(losses, batch["source"])

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Count a batch of tiles against the product, in the classes of the maps."""
        super().validation_step({**batch, "mask": self.classes[batch["mask"]]}, batch_idx)


def build(recipe: Recipe, *, tiles: int) -> Experiment:
    """Make a recipe concrete: find and check the data, build network and loss.

    Args:
        recipe: A recipe of the regime ``coarse``.
        tiles: Number of training tiles in the whole run.

    Returns:
        The experiment; equal recipes give equal ones. Labels are read in the classes of the product.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: The images or labels are not sound.
    """
    legend = load_legend(recipe.classes)
    spec = recipe.coarse or CoarseSpec()
    check_metric(recipe, legend)
    _check_loss(recipe)
    product, classes = _product(recipe, legend)
    shares = _shares(spec, product, legend, classes)
    data = open_data(recipe, recipe.data.model_copy(update={"crosswalk": None}), product, tiles=tiles)
    counts = torch.from_numpy(data.train.survey.histogram).float() @ shares
    _check_counts(recipe, counts, legend, data.train.regions[0].scene.label)
    ready = equip(recipe, data, logits=len(legend))
    loss = CoarseLoss(
        shares,
        plat=spec.plat,
        confidence=spec.confidence,
        keep_shares=spec.keep_shares,
        class_weights=_class_weights(spec, legend, counts),
        select=spec.confident_area,
        vague=spec.vague_area,
        paper=recipe.loss.paper,
    )
    module = CoarseModule(
        recipe,
        ready.network,
        legend,
        ready.scaling,
        loss,
        branches=network_info(recipe.network.name, **recipe.network.options).branches,
        classes=classes,
        pretrained=ready.pretrained,
    )
    card = make_card(recipe, data, legend, ready.scaling, logits=len(legend))
    return Experiment(module, data.train, data.val, data.split, card, REMARK)


def _check_loss(recipe: Recipe) -> None:
    if recipe.loss.name != "auto":
        raise UsageError(
            f"loss {recipe.loss.name!r} is for masks",
            remedy="Leave loss.name out; the section `coarse` says what is made of coarse labels",
        )


def _product(recipe: Recipe, legend: Legend) -> tuple[Legend, Tensor]:
    """Return the product's classes, and int64 (256,) the class of the maps for each of them."""
    classes = torch.full((IGNORE + 1,), IGNORE)
    if recipe.data.crosswalk is None:
        classes[: len(legend)] = torch.arange(len(legend))
        return legend, classes
    crosswalk = load_crosswalk(recipe.data.crosswalk)
    if not crosswalk.target_legend.same_classes(legend):
        raise UsageError(
            f"crosswalk {crosswalk.name} leads to legend {crosswalk.target}, not to {legend.name}",
            remedy="Choose the crosswalk that leads to the classes of the recipe",
        )
    return crosswalk.source_legend, torch.from_numpy(crosswalk.index_lut()).long()


def _shares(spec: CoarseSpec, product: Legend, legend: Legend, classes: Tensor) -> Tensor:
    """Return float32 (S, K): the prior's table, or one 1 per class that has a target."""
    if spec.prior is None:
        return (classes[: len(product), None] == torch.arange(len(legend))).float()
    prior = load_prior(spec.prior)
    for what, found, wanted in (("from", prior.source_legend, product), ("to", prior.target_legend, legend)):
        if not found.same_classes(wanted):
            raise UsageError(
                f"prior {prior.name} leads {what} legend {found.name}, not {wanted.name}",
                remedy="Choose a prior and a crosswalk of the same two legends",
            )
    return torch.from_numpy(prior.matrix())


def _check_counts(recipe: Recipe, counts: Tensor, legend: Legend, path: Path) -> None:
    """Refuse labels that come to no class of the maps, or to a single one."""
    if not counts.any():
        raise DataError(
            f"holds no class that becomes one of {legend.name!r}, nor does any other label of the training part",
            path=path,
            remedy=f"Check the rules of the crosswalk {recipe.data.crosswalk}",
        )
    check_classes(counts.numpy(), legend, path)


def _class_weights(spec: CoarseSpec, legend: Legend, counts: Tensor) -> Tensor | None:
    """Return float32 (K,) with mean 1 over the classes that occur, or None."""
    if spec.class_weights is None:
        return None
    if spec.class_weights == "balanced":
        weights = torch.where(counts > 0, counts.clamp(min=1).rsqrt(), 0.0)
        return weights / weights[counts > 0].mean()
    if len(spec.class_weights) != len(legend):
        raise UsageError(
            f"coarse.class_weights has {len(spec.class_weights)} values for {len(legend)} classes",
            remedy=f"Give one per class, in this order: {', '.join(legend.names)}",
        )
    return torch.tensor(spec.class_weights)
