"""Regime ``coarse``: the only labels are an old land-cover product of 10 to 30 m."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.data.survey import check_classes
from landwright.errors import UsageError
from landwright.legends import IGNORE, Legend, load_crosswalk, load_legend, load_prior
from landwright.losses import CoarseLoss
from landwright.networks import network_info
from landwright.recipe import CoarseSpec, Recipe
from landwright.regimes.experiment import Experiment
from landwright.regimes.module import WILD, RegimeModule, check_metric
from landwright.regimes.setup import equip, make_card, open_data

NOTHING_AGREED = (
    "The published form of the loss is NaN where the first branch agrees with no label of a batch; to leave such a "
    "term out, set loss.paper to false"
)
REMARK = ", against the coarse labels: agreement with them, not accuracy"


class CoarseModule(RegimeModule):
    """Training on the classes of a coarse product.

    Args:
        recipe: The recipe.
        network: Network with one logit per class. If it has two branches, the first learns from all labels and the
            second from those that the first agrees with; else its map is both, and maps for deep supervision learn
            from all labels.
        legend: Classes of the maps.
        scaling: Input scaling.
        loss: The loss.
        branches: Whether the network's auxiliary maps are its two branches.
        classes: Int64 (256,): class of the maps by class of the product, 255 where there is none.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.
    """

    classes: Tensor

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

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Compare the network's branches with the product's classes (B, H, W)."""
        if self.is_empty(batch["mask"]):
            return None
        outputs = self(batch["image"])
        if self.branches:
            (first, second), auxiliary = outputs.auxiliary, ()
        else:
            first, second, auxiliary = outputs.classes, outputs.classes, outputs.auxiliary
        losses = self.loss(first, second, batch["mask"], outputs.features, auxiliary)
        return self.report_losses(losses, batch["source"], remedy=NOTHING_AGREED if self.loss.paper else WILD)

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
    _check_loss(recipe, spec, legend)
    labels = _labels(recipe, spec, legend)
    data = open_data(recipe, recipe.data.model_copy(update={"crosswalk": None}), labels.legend, tiles=tiles)
    counts = torch.from_numpy(data.train.survey.histogram).float() @ labels.shares
    check_classes(counts.numpy(), legend, data.train.regions[0].scene.reference)
    ready = equip(recipe, data, logits=len(legend))
    loss = CoarseLoss(
        labels.shares,
        plat=spec.plat,
        confidence=spec.confidence,
        keep_shares=spec.keep_shares,
        class_weights=_class_weights(spec, counts),
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
        classes=labels.classes,
        pretrained=ready.pretrained,
    )
    card = make_card(recipe, data, legend, ready.scaling, logits=len(legend))
    return Experiment(module, data.train, data.val, data.split, card, data.notes, REMARK)


class _Labels(NamedTuple):
    """How labels are read: the product's classes that say something, what they may be, and what they are.

    ``shares`` are float32 (S, K); ``classes`` int64 (256,) is the class of the maps by class of the product, 255 where
    there is none.
    """

    legend: Legend
    shares: Tensor
    classes: Tensor


def _check_loss(recipe: Recipe, spec: CoarseSpec, legend: Legend) -> None:
    if recipe.loss.name != "auto":
        raise UsageError(
            f"loss {recipe.loss.name!r} is for masks",
            remedy="Leave loss.name out; the section `coarse` says what is made of coarse labels",
        )
    if spec.vague_area and not network_info(recipe.network.name, **recipe.network.options).features:
        raise UsageError(
            f"network {recipe.network.name!r} gives no features for the dynamic-vague-area loss",
            remedy="Set coarse.vague_area to 0, or use the network paraformer",
        )
    if isinstance(spec.class_weights, list) and len(spec.class_weights) != len(legend):
        raise UsageError(
            f"coarse.class_weights has {len(spec.class_weights)} values for {len(legend)} classes",
            remedy=f"Give one per class, in this order: {', '.join(legend.names)}",
        )


def _labels(recipe: Recipe, spec: CoarseSpec, legend: Legend) -> _Labels:
    product, targets = _product(recipe, legend)
    if spec.prior is None:
        shares = (targets[:, None] == torch.arange(len(legend))).float()
    else:
        shares = _prior_shares(spec.prior, product, legend)
    # What says nothing is not read at all, so that tiles are not drawn for it.
    weights = torch.tensor(spec.class_weights) if isinstance(spec.class_weights, list) else torch.ones(len(legend))
    useful = (shares @ weights) > 0
    if not useful.any():
        raise UsageError(
            f"no class of {product.name} becomes a class of {legend.name} that counts",
            remedy=f"Check the rules of the crosswalk {recipe.data.crosswalk}",
        )
    classes = torch.full((IGNORE + 1,), IGNORE)
    classes[: int(useful.sum())] = targets[useful]
    return _Labels(product.without((~useful).nonzero()[:, 0].tolist()), shares[useful], classes)


def _product(recipe: Recipe, legend: Legend) -> tuple[Legend, Tensor]:
    """Return the product's classes, and for each of them the class of the maps, int64 (S,), 255 where there is none."""
    if recipe.data.crosswalk is None:
        return legend, torch.arange(len(legend))
    crosswalk = load_crosswalk(recipe.data.crosswalk)
    if not crosswalk.target_legend.same_classes(legend):
        raise UsageError(
            f"crosswalk {crosswalk.name} leads to legend {crosswalk.target}, not to {legend.name}",
            remedy="Choose the crosswalk that leads to the classes of the recipe",
        )
    product = crosswalk.source_legend
    return product, torch.from_numpy(crosswalk.index_lut()[: len(product)]).long()


def _prior_shares(name: str, product: Legend, legend: Legend) -> Tensor:
    prior = load_prior(name)
    for what, found, wanted in (("from", prior.source_legend, product), ("to", prior.target_legend, legend)):
        if not found.same_classes(wanted):
            raise UsageError(
                f"prior {prior.name} leads {what} legend {found.name}, not {wanted.name}",
                remedy="Choose a prior and a crosswalk of the same two legends",
            )
    return torch.from_numpy(prior.matrix())


def _class_weights(spec: CoarseSpec, counts: Tensor) -> Tensor | None:
    """Return float32 (K,), with mean 1 over the classes that occur where they are balanced, or None."""
    if spec.class_weights is None:
        return None
    if spec.class_weights == "balanced":
        weights = torch.where(counts > 0, counts.clamp(min=1).rsqrt(), 0.0)
        return weights / weights[counts > 0].mean()
    return torch.tensor(spec.class_weights)
