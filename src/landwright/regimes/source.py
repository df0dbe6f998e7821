"""Learning classes, heights or both from labelled scenes: the base of the regime ``synthetic``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.evaluation.heights import HeightErrors
from landwright.evaluation.protocols import ProtocolResult
from landwright.legends import IGNORE, Legend
from landwright.losses import class_loss, height_loss
from landwright.networks import Outputs
from landwright.recipe import Recipe, SyntheticSpec
from landwright.regimes.module import RegimeModule

PAPER_HEIGHT_WEIGHT = 1.0


class SourceModule(RegimeModule):
    """Training on synthetic scenes alone.

    The published form (``loss.paper``) weighs heights as much as classes; else they have ``synthetic.height_weight``.

    Args:
        recipe: The recipe.
        network: Network with the heads wanted.
        legend: Classes of the scenes.
        scaling: Input scaling.
        spec: The recipe's section ``synthetic``.
        heads: What the network returns of ``classes`` and ``height``.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: nn.Module,
        legend: Legend,
        scaling: Normalization,
        spec: SyntheticSpec,
        *,
        heads: tuple[str, ...],
        pretrained: tuple[nn.Parameter, ...] = (),
    ) -> None:
        """Keep the parts."""
        super().__init__(recipe, network, legend, scaling, pretrained=pretrained)
        self.spec = spec
        self.heads = heads
        self.paper = recipe.loss.paper
        self._errors = HeightErrors()
        self._seen: set[str] = set()

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Compare the maps with the scenes' classes (B, H, W) and heights (B, H, W)."""
        if self.is_unlabelled(batch):
            return None
        weight = PAPER_HEIGHT_WEIGHT if self.paper else self.spec.height_weight
        losses = self.compare(self(batch["image"]), batch["mask"], batch["height"], height_weight=weight)
        return self.report_losses(with_total(losses), batch["source"])

    def is_unlabelled(self, batch: Any) -> bool:
        """Whether no pixel has a class or a height to learn from; such a batch is counted and skipped."""
        known = torch.full_like(batch["mask"], IGNORE)
        if "classes" in self.heads:
            known = batch["mask"]
        if "height" in self.heads:
            known = known.masked_fill(batch["height"].isfinite(), 0)
        return self.is_empty(known)

    def compare(
        self,
        outputs: Outputs,
        mask: Tensor,
        height: Tensor,
        *,
        height_weight: float,
        class_pixels: Tensor | None = None,
        height_pixels: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the losses ``classes`` and ``height`` of the heads that there are.

        Args:
            outputs: Of the network.
            mask: Int64 (B, H, W), 255 = unknown.
            height: Float32 (B, H, W) in metres, NaN = unknown; 0 in the published form.
            height_weight: Weight of heights against classes.
            class_pixels: Weight of the class of every pixel, (B, H, W); 1 by default.
            height_pixels: Weight of the height of every pixel, (B, H, W); 1 by default.
        """
        losses = {}
        if outputs.classes is not None:
            losses["classes"] = class_loss(outputs.classes, mask, class_pixels)
        if outputs.height is not None:
            weight = None if height_pixels is None else height_pixels[:, None]
            if self.paper:
                height = height.nan_to_num(0.0)
            losses["height"] = height_weight * height_loss(outputs.height, height[:, None], weight)
        return losses

    def on_validation_epoch_start(self) -> None:
        """Start with no counts."""
        super().on_validation_epoch_start()
        self._errors = HeightErrors()
        self._seen = set()

    def count(self, outputs: Outputs, batch: Any) -> None:
        """Count classes and heights of labelled tiles."""
        self._seen.update(batch["source"])
        if outputs.classes is not None:
            super().count(outputs, batch)
        if outputs.height is not None:
            self._errors.update(outputs.height[:, 0], batch["height"].where(batch["valid"], torch.nan))

    def collect(self) -> ProtocolResult:
        """Return the scores of the classes with the errors of the heights among them, or the latter alone."""
        if "height" not in self.heads:
            return super().collect()
        self.share(self._errors)
        heights = {name: value if math.isfinite(value) else None for name, value in self._errors.values().items()}
        if "classes" in self.heads:
            score = super().collect()
            return score.model_copy(
                update={"values": {**score.values, **{f"height_{name}": value for name, value in heights.items()}}}
            )
        return ProtocolResult(
            protocol="pooled-height",
            description="Errors of heights in metres over all pixels of all tiles.",
            values=heights,
            per_class=(),
            in_mean=(),
            images=len(self._seen),
            pixels=self._errors.pixels,
            unmapped=(),
            matrix=(),
        )


def with_total(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the terms of a loss with their sum as ``loss``."""
    return {**losses, "loss": torch.stack(list(losses.values())).sum()}


def pick(outputs: Outputs, batch: Any, chosen: Tensor) -> tuple[Outputs, dict[str, Any]]:
    """Keep some items of a batch.

    Args:
        outputs: Of the network.
        batch: What they belong to; tensors and lists of one entry per item.
        chosen: Bool (B,).
    """
    places = chosen.nonzero()[:, 0]
    kept = {
        name: value[places] if isinstance(value, Tensor) else [value[place] for place in places.tolist()]
        for name, value in batch.items()
    }
    classes, height = (None if maps is None else maps[places] for maps in (outputs.classes, outputs.height))
    return replace(outputs, classes=classes, height=height), kept
