"""The optimiser and the learning-rate schedule of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from timm.optim import Lookahead
from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, SequentialLR

from landwright.errors import UsageError
from landwright.recipe import OptimSpec
from landwright.regimes.lookahead import PublishedLookahead

LOOKAHEAD_STEPS = 5
LOOKAHEAD_ALPHA = 0.5
POLY_POWER = 0.9
PAPER_BATCH = 24
AFA_START = 1e-6
"""Share of the rate in the first step of ``poly-afa``."""


def build_optimizer(module: nn.Module, spec: OptimSpec, *, pretrained: Collection[nn.Parameter] = ()) -> Optimizer:
    """Return the optimiser over all parameters that need gradients, wrapped in Lookahead where asked.

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
            groups.setdefault(_rate(spec, lr), []).append(parameter)
    listed = [{"params": parameters, "lr": lr} for lr, parameters in groups.items()]
    optimizer: Optimizer = (
        AdamW(listed, weight_decay=spec.weight_decay)
        if spec.name == "adamw"
        else SGD(listed, momentum=spec.momentum, weight_decay=spec.weight_decay)
    )
    if spec.lookahead != "off":
        kind = Lookahead if spec.lookahead == "timm" else PublishedLookahead
        optimizer = kind(optimizer, alpha=LOOKAHEAD_ALPHA, k=LOOKAHEAD_STEPS)
    return optimizer


def published_lr(lr: float, batch: int) -> float:
    """Return the learning rate that Paraformer's published script takes for a batch size.

    It scales the rate by ``batch / 24``, but only for batches that are a multiple of 6.
    """
    return lr * batch / PAPER_BATCH if batch % 6 == 0 else lr


def _rate(spec: OptimSpec, lr: float) -> float:
    return published_lr(lr, spec.batch) if spec.schedule == "paper" else lr


def check_optim(spec: OptimSpec) -> None:
    """Refuse schedules that cannot be.

    Raises:
        UsageError: The warm-up fills the whole run, or the learning rate would rise towards ``min_lr``.
    """
    if spec.warmup >= spec.steps:
        raise UsageError(
            f"optim.warmup ({spec.warmup}) leaves none of the {spec.steps} steps", remedy="Warm up for fewer steps"
        )
    lowest = min(_rate(spec, lr) for lr in (spec.lr, spec.encoder_lr or spec.lr))
    if spec.min_lr > lowest:
        raise UsageError(
            f"optim.min_lr ({spec.min_lr:g}) is above the learning rate {lowest:g} that it should end",
            remedy="Set optim.min_lr lower",
        )


def build_schedule(optimizer: Optimizer, spec: OptimSpec) -> LRScheduler:
    """Return linear warm-up followed by the recipe's schedule, both counted in optimiser steps.

    With a warm-up of N steps, step i (from 0) has the share (i + 1) / (N + 1) of the rate; with ``poly-zero`` it has
    i / N, as published with RS3DAda, and so the first step changes nothing but statistics. With ``poly-afa`` it rises
    from a millionth, and then jumps to where a fall from the first step on would be.

    Args:
        optimizer: From :func:`build_optimizer`.
        spec: The recipe's ``optim`` section, checked by :func:`check_optim`.
    """
    steps = spec.steps if spec.schedule == "poly-afa" else spec.steps - spec.warmup
    schedule: LRScheduler
    if spec.schedule == "cosine":
        schedule = CosineAnnealingLR(optimizer, T_max=steps, eta_min=spec.min_lr)
    else:
        factor = paper_factor if spec.schedule == "paper" else poly_factor
        end = steps * spec.accumulate * spec.batch if spec.schedule == "paper" else steps
        # Two groups have two rates, and so two ways down to the same end.
        falls: list[Callable[[int], float]] = [
            partial(_fall, factor, end, spec.min_lr / group["lr"]) for group in optimizer.param_groups
        ]
        if spec.schedule == "poly-zero":
            return LambdaLR(optimizer, [partial(_rise_from_zero, spec.warmup, fall) for fall in falls])
        if spec.schedule == "poly-afa":
            return LambdaLR(optimizer, [partial(_rise_and_jump, spec.warmup, fall) for fall in falls])
        schedule = LambdaLR(optimizer, falls)
    if spec.warmup == 0:
        return schedule
    rise = LinearLR(optimizer, start_factor=1 / (spec.warmup + 1), total_iters=spec.warmup)
    return SequentialLR(optimizer, [rise, schedule], milestones=[spec.warmup])


def poly_factor(step: int, end: int) -> float:
    """Return the share of the learning rate that is left in step ``step``, from 0."""
    return float(max(0.0, 1 - step / end) ** POLY_POWER)


def paper_factor(step: int, end: int) -> float:
    """As :func:`poly_factor` with Paraformer's published timing: one step late, and ``end`` counts tiles."""
    return poly_factor(max(0, step - 1), end)


def _fall(factor: Callable[[int, int], float], end: int, lowest: float, step: int) -> float:
    return lowest + (1 - lowest) * factor(step, end)


def _rise_from_zero(warmup: int, fall: Callable[[int], float], step: int) -> float:
    return step / warmup if step < warmup else fall(step - warmup)


def _rise_and_jump(warmup: int, fall: Callable[[int], float], step: int) -> float:
    return 1 - (1 - step / warmup) * (1 - AFA_START) if step < warmup else fall(step)
