"""Sections of a recipe on the network and how it is trained."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from landwright.recipe.section import Fraction, Positive, Section


class NetworkSpec(BaseModel):
    """Name of a registered network, its options, and where its encoder weights come from.

    Attributes:
        name: Registry name, such as ``clcformer`` or ``smp:unet:resnet34``.
        weights: ``none``, a local file (safetensors; for ``paraformer`` also a JAX archive, ``ViT-B_16.npz``), or
            ``hub`` for the encoder's published ImageNet weights. In the regime ``words``: a model bundle, a checkpoint
            of the model that ``words.model`` names, or ``hub`` for its published one.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    weights: str = "none"

    @property
    def options(self) -> dict[str, Any]:
        """Every further key of the section, passed to the network."""
        return dict(self.model_extra or {})


class LossSpec(Section):
    """Loss by name.

    Attributes:
        name: A loss of ``landwright.losses``; ``auto`` takes the network's published one.
        paper: Keep the published quirks (see the documentation of the loss).
    """

    name: str = "auto"
    paper: bool = False


class OptimSpec(Section):
    """Optimisation: AdamW or SGD, optionally with Lookahead, on a schedule with warm-up.

    Attributes:
        name: ``adamw`` or ``sgd``.
        lr: Peak learning rate.
        encoder_lr: Peak learning rate of pretrained encoders (default: ``lr``).
        min_lr: Learning rate at the end of the schedule.
        weight_decay: Weight decay.
        momentum: Momentum of SGD.
        schedule: ``cosine``, ``poly`` (power 0.9), ``poly-zero``: the same after a warm-up that begins with 0, as
            published with RS3DAda, ``poly-afa``: a fall that is counted from the first step, and so begins below the
            end of the warm-up, as published with AFA, ToCo, CTFA and ATSG, or ``paper``: the poly schedule as published
            with Paraformer, whose end is counted in tiles and not in steps, so that the rate hardly falls; ``lr`` is
            scaled by its batch rule.
        steps: Optimiser steps.
        warmup: Steps of linear warm-up.
        batch: Tiles per step and device.
        accumulate: Batches per optimiser step.
        clip: Largest gradient norm, or null.
        precision: ``auto`` takes bf16 on a GPU that has it, else 32.
        lookahead: ``off``, ``timm`` or ``paper`` (the published timing).
    """

    name: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-4
    encoder_lr: Annotated[float, Field(gt=0)] | None = None
    min_lr: Annotated[float, Field(ge=0)] = 1e-5
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    momentum: Fraction = 0.9
    schedule: Literal["cosine", "poly", "poly-zero", "poly-afa", "paper"] = "cosine"
    steps: Positive = 1000
    warmup: Annotated[int, Field(ge=0)] = 0
    batch: Positive = 8
    accumulate: Positive = 1
    clip: Annotated[float, Field(gt=0)] | None = 2.0
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    lookahead: Literal["off", "timm", "paper"] = "off"


class ValidateSpec(Section):
    """Validation during training.

    Attributes:
        every: Steps between validations (default: ten times in a run).
        tiles: Largest number of validation tiles, spread evenly over the val part (null = all).
        protocol: Scoring protocol that chooses the best checkpoint.
        metric: Its figure, such as ``miou``; where the regime ``synthetic`` adapts, by default ``agreement``: how far
            teacher and student agree on target images, which takes no label; in the regime ``words`` without masks by
            default ``loss``, of which less is better.
        patience: Validations without improvement before an early stop (null = never).
        keep: Weights that go into the bundle: the ``best`` by that figure, or the ``last``.
    """

    every: Positive | None = None
    tiles: Positive | None = 200
    protocol: str = "pixel-pooled"
    metric: str = "miou"
    patience: Positive | None = None
    keep: Literal["best", "last"] = "best"
