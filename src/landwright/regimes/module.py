"""What the modules of all regimes share: scaling, optimiser, seeding, and scoring by a named protocol."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from typing import Protocol as TypingProtocol

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.errors import DataError
from landwright.evaluation.protocols import Protocol, ProtocolResult, create_protocol
from landwright.legends import IGNORE, Legend
from landwright.networks import Outputs
from landwright.recipe import Recipe
from landwright.regimes.optimizer import build_optimizer, build_schedule

SCORE = "landwright_score"
"""Key of the last validation's scores in a checkpoint."""

SKIPPED = "landwright_skipped"
"""Key of the number of skipped batches."""

WILD = "Lower optim.lr, use precision 32, or look for wild values in these images with `landwright inspect`"
"""What to do about a loss that is not finite."""

_STRIDE = 1_000_003  # a prime: the seeds of two runs do not follow one another


class Countable(TypingProtocol):
    """Counts that can be added up over processes, as those of every scoring protocol."""

    def state(self) -> Tensor:
        """Return all that was counted as one vector; vectors of several processes may be summed."""

    def load_state(self, state: Tensor) -> None:
        """Take such a sum."""


class RegimeModule(LightningModule):
    """Base of the regimes' modules; a regime adds its ``training_step``.

    Args:
        recipe: The recipe.
        network: Network that returns :class:`Outputs`.
        legend: Classes of the masks.
        scaling: Input scaling.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.

    Attributes:
        network: The network.
        score: Scores of the last validation.
        skipped: Batches without a label, which were no step.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        recipe: Recipe,
        network: nn.Module,
        legend: Legend,
        scaling: Normalization,
        *,
        pretrained: Collection[nn.Parameter] = (),
    ) -> None:
        """Keep the parts; scaling is a constant, not a weight."""
        super().__init__()
        self.recipe = recipe
        # Convolutions are quicker with channels last, on CPU and GPU.
        self.network = network.to(memory_format=torch.channels_last)
        self.legend = legend
        self.score: ProtocolResult | None = None
        self.skipped = 0
        self._pretrained = pretrained
        self._protocol: Protocol | None = None
        for name, values in zip(("scale", "shift"), scaling.coefficients(), strict=True):
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, image: Tensor) -> Outputs:
        """Run the network on images in sensor units.

        Args:
            image: Float32 (B, C, H, W).

        Returns:
            The network's outputs in float32, whatever precision it runs in: losses lose too much in 16 bits.
        """
        return self.in_float32(self.network(self.scaled(image)))

    def scaled(self, image: Tensor) -> Tensor:
        """Return images in sensor units, float32 (B, C, H, W), as networks take them."""
        return (image * self.scale + self.shift).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def in_float32(outputs: Outputs) -> Outputs:
        """Return what a network returned in float32."""
        return replace(
            outputs,
            classes=None if outputs.classes is None else outputs.classes.float(),
            height=None if outputs.height is None else outputs.height.float(),
            auxiliary=tuple(logits.float() for logits in outputs.auxiliary),
            features=None if outputs.features is None else outputs.features.float(),
            tokens=None if outputs.tokens is None else outputs.tokens.float(),
        )

    def configure_optimizers(self) -> Any:
        """Return the recipe's optimiser and its schedule per step."""
        optimizer = build_optimizer(self, self.recipe.optim, pretrained=self._pretrained)
        schedule = build_schedule(optimizer, self.recipe.optim)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Make dropout a function of seed, batch and device alone, so that a resumed run repeats it."""
        place = batch_idx * self.trainer.world_size + self.global_rank
        torch.manual_seed((self.recipe.seed * _STRIDE + place) % 2**63)

    def is_empty(self, labels: Tensor) -> bool:
        """Whether not one pixel of a batch is labelled on any device; such a batch is counted and skipped.

        A step without a gradient would still move the weights by momentum and weight decay.

        Args:
            labels: Integer (B, H, W), 255 = no label.
        """
        empty = not bool((labels != IGNORE).any())
        if self.trainer.world_size > 1:
            empty = self.trainer.strategy.reduce_boolean_decision(empty, all=True)
        self.skipped += empty
        return empty

    def report_losses(self, losses: dict[str, Tensor], sources: list[str], *, remedy: str = WILD) -> Tensor:
        """Log the terms of a training loss and return the one to be differentiated.

        Args:
            losses: Scalars; ``loss`` is the total.
            sources: Names of the scenes in the batch, for the error message.
            remedy: What to do if the loss is not finite.

        Raises:
            DataError: The loss is not finite.
        """
        loss = losses["loss"]
        if not math.isfinite(loss.item()):
            raise DataError(
                f"the loss is {loss.item()} at step {self.global_step + 1}, on tiles of "
                f"{', '.join(dict.fromkeys(sources))}",
                remedy=remedy,
            )
        logged = {f"train/{name}": term.detach() for name, term in losses.items()}
        self.log("loss", loss.detach(), prog_bar=True, logger=False)
        rates = [group["lr"] for group in self.trainer.optimizers[0].param_groups]
        self.log_dict({**logged, "lr": max(rates), "skipped": float(self.skipped)})
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start the protocol with no counts."""
        self._protocol = create_protocol(self.recipe.validation.protocol, self.legend.names)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Count a batch of tiles; tiles of one scene are one image."""
        self.count(self(batch["image"]), batch)

    def count(self, outputs: Outputs, batch: Any) -> None:
        """Count what the network says of a batch of tiles."""
        assert self._protocol is not None
        predicted = class_indices(outputs).masked_fill(~batch["valid"], IGNORE)
        for name, reference, prediction in zip(batch["source"], batch["mask"], predicted, strict=True):
            self._protocol.update(reference, prediction, name=name)

    def on_validation_epoch_end(self) -> None:
        """Turn the counts of all devices into figures and log them."""
        self.score = self.collect()
        figures = {name: value for name, value in self.score.values.items() if value is not None}
        metric = self.recipe.validation.metric
        chosen = self.score.figure(metric)
        figures[metric] = math.nan if chosen is None else chosen
        for name, value in figures.items():
            self.log(f"val/{name}", value, prog_bar=name == metric, sync_dist=True)

    def collect(self) -> ProtocolResult:
        """Return the figures of a validation, over all devices."""
        assert self._protocol is not None
        self.share(self._protocol)
        return self._protocol.compute()

    def share(self, counts: Countable) -> None:
        """Add up on every device what all of them have counted."""
        if self.trainer.world_size > 1:
            counts.load_state(self.trainer.strategy.reduce(counts.state().to(self.device), reduce_op="sum"))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the scores with the weights that they belong to."""
        checkpoint[SCORE] = None if self.score is None else self.score.model_dump(mode="json")
        checkpoint[SKIPPED] = self.skipped

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting."""
        self.skipped = checkpoint[SKIPPED]


def check_metric(recipe: Recipe, legend: Legend, *, further: Sequence[str] = ()) -> None:
    """Refuse a protocol or a figure that is not known, long before the first validation.

    Args:
        recipe: The recipe.
        legend: Classes of the maps.
        further: Figures that the regime adds to those of the protocol.

    Raises:
        UsageError: There is no such protocol or figure, or the protocol does not fit the legend.
    """
    protocol = create_protocol(recipe.validation.protocol, legend.names)
    indices = torch.arange(len(legend))
    protocol.update(indices, indices, name="check")
    if recipe.validation.metric not in further:
        protocol.compute().figure(recipe.validation.metric)


def class_indices(outputs: Outputs) -> Tensor:
    """Return the class of every pixel, int64 (B, H, W); one logit means foreground where it is positive."""
    logits = outputs.classes
    assert logits is not None
    return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)
