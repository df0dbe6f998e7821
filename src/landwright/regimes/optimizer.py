"""The optimiser and the learning-rate schedule of a recipe."""

from __future__ import annotations

from collections.abc import Collection

from timm.optim import Lookahead
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR

from landwright.errors import UsageError
from landwright.recipe import OptimSpec
from landwright.regimes.lookahead import PublishedLookahead

LOOKAHEAD_STEPS = 5
LOOKAHEAD_ALPHA = 0.5


def build_optimizer(module: nn.Module, spec: OptimSpec, *, pretrained: Collection[nn.Parameter] = ()) -> Optimizer:
    """Return AdamW over all parameters that need gradients, wrapped in Lookahead where asked.

    Args:
        module: What is trained.
        spec: The recipe's ``optim`` section.
        pretrained: Parameters that get ``encoder_lr``.

    Returns:
        The optimiser; with pretrained parameters and an ``encoder_lr`` it has two groups, else one.
    """
    special = {id(parameter) for parameter in pretrained} if spec.encoder_lr is not None else set()
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter in module.parameters():
        if parameter.requires_grad:
            lr = spec.encoder_lr if spec.encoder_lr is not None and id(parameter) in special else spec.lr
            groups.setdefault(lr, []).append(parameter)
    optimizer: Optimizer = AdamW(
        [{"params": parameters, "lr": lr} for lr, parameters in groups.items()], weight_decay=spec.weight_decay
    )
    if spec.lookahead != "off":
        kind = Lookahead if spec.lookahead == "timm" else PublishedLookahead
        optimizer = kind(optimizer, alpha=LOOKAHEAD_ALPHA, k=LOOKAHEAD_STEPS)
    return optimizer


def check_optim(spec: OptimSpec) -> None:
    """Refuse schedules that cannot be.

    Raises:
        UsageError: The warm-up fills the whole run, or the learning rate would rise towards ``min_lr``.
    """
    if spec.warmup >= spec.steps:
        raise UsageError(
            f"optim.warmup ({spec.warmup}) leaves none of the {spec.steps} steps", remedy="Warm up for fewer steps"
        )
    lowest = min(spec.lr, spec.encoder_lr or spec.lr)
    if spec.min_lr > lowest:
        raise UsageError(
            f"optim.min_lr ({spec.min_lr:g}) is above the learning rate {lowest:g} that it should end",
            remedy="Set optim.min_lr lower",
        )


def build_schedule(optimizer: Optimizer, spec: OptimSpec) -> LRScheduler:
    """Return linear warm-up followed by a cosine to ``min_lr``, both counted in optimiser steps.

    Args:
        optimizer: From :func:`build_optimizer`.
        spec: The recipe's ``optim`` section, checked by :func:`check_optim`.
    """
    cosine = CosineAnnealingLR(optimizer, T_max=spec.steps - spec.warmup, eta_min=spec.min_lr)
    if spec.warmup == 0:
        return cosine
    rise = LinearLR(optimizer, start_factor=1 / (spec.warmup + 1), total_iters=spec.warmup)
    return SequentialLR(optimizer, [rise, cosine], milestones=[spec.warmup])
