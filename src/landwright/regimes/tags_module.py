"""Learning maps from what is in each image: ToCo, CTFA and ATSG in one module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.evaluation.protocols import ProtocolResult
from landwright.evaluation.tags.picture import picture
from landwright.legends import Legend
from landwright.networks.ctfa import Ctfa
from landwright.recipe import Recipe
from landwright.regimes.module import RegimeModule
from landwright.regimes.tags_links import LinkFeatures
from landwright.regimes.tags_losses import TagBatch, tag_losses
from landwright.regimes.tags_plan import TagsPlan
from landwright.regimes.tags_scores import TagScores


class TagsModule(RegimeModule):
    """Training on tags alone; masks score maps where there are any.

    Args:
        recipe: The recipe.
        network: The network.
        legend: Classes of the maps.
        scaling: Input scaling.
        plan: What is computed.
        scored: Whether validation tiles have masks.
        links: What links between tokens compare, or None for the network's own tokens.
        pretrained: Parameters that were loaded and get ``optim.encoder_lr``.
    """

    network: Ctfa

    def __init__(
        self,
        recipe: Recipe,
        network: Ctfa,
        legend: Legend,
        scaling: Normalization,
        plan: TagsPlan,
        *,
        scored: bool,
        links: LinkFeatures | None = None,
        pretrained: tuple[nn.Parameter, ...] = (),
    ) -> None:
        """Keep the parts."""
        super().__init__(recipe, network, legend, scaling, pretrained=pretrained)
        self.plan, self.scored = plan, scored
        self.scores = TagScores(legend.names, plan)
        self.links = links

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Learn from a batch of :class:`landwright.data.tagged.TagItem`."""
        losses = tag_losses(
            self.network,
            self.collated(batch),
            self.plan,
            mapped=self.plan.maps_at(self.global_step),
            features=None if self.links is None else self.links.to(self.device),
            move_teacher=batch_idx % self.recipe.optim.accumulate == 0,
        )
        if self.trainer.world_size > 1:  # what has no part in a step must take part all the same
            losses["loss"] = losses["loss"] + self._nothing()
        return self.report_losses(losses, batch["source"])

    def collated(self, batch: Any) -> TagBatch:
        """Scale the images of a batch, and make the picture that colours are read from."""
        image = self.scaled(batch["image"])
        views = {name: self.scaled(batch[name]) for name in ("local", "second") if name in batch}
        guides = {name: batch[name] for name in ("objects", "boundary") if name in batch}
        return TagBatch(image, picture(image), batch["tags"], batch["valid"], **views, **guides)

    def on_validation_epoch_start(self) -> None:
        """Start with no counts."""
        super().on_validation_epoch_start()
        self.scores.reset()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Count tags, and maps where there are masks."""
        image = self.scaled(batch["image"])
        outputs = self.in_float32(self.network(image))
        self.scores.count_tags(outputs.tags[0], batch["tags"])
        if self.scored:
            self.count(outputs, batch)
            mask, valid, names = batch["mask"], batch["valid"], batch["source"]
            self.scores.count_stages(self.network, image, picture(image), batch["tags"], mask, valid, names)

    def collect(self) -> ProtocolResult:
        """Return the scores of the maps with those of what led to them, or those of the tags."""
        self.share(self.scores)
        if not self.scored:
            return self.scores.result()
        score = super().collect()
        return score.model_copy(update={"values": {**score.values, **self.scores.figures()}})

    def _nothing(self) -> Tensor:
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        return torch.stack([weight.sum() for weight in weights]).sum() * 0
