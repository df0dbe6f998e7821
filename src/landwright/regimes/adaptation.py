"""Learning from synthetic scenes, and from a teacher's maps of real ones (RS3DAda)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from landwright.bundles.card import Normalization
from landwright.evaluation.protocols import ProtocolResult
from landwright.legends import IGNORE, Legend
from landwright.losses import (
    class_confidence,
    ema_decay,
    feature_loss,
    ground_refinement,
    height_consistency,
    update_teacher,
)
from landwright.networks import Outputs, network_info
from landwright.networks.layers.pad import pad_to_multiple
from landwright.recipe import Recipe, SyntheticSpec
from landwright.regimes.agreement import Agreement
from landwright.regimes.source import SourceModule, pick, with_total

HALF = 0.5
"""Share of the synthetic tiles, and of the mixed ones, in the loss."""


class Pseudo(NamedTuple):
    """What the teacher says of target tiles.

    Attributes:
        mask: Int64 (B, H, W), 255 where the tile is not valid.
        height: Float32 (B, H, W) in metres, NaN where the tile is not valid.
        certain: Share of certain classes in every tile, float32 (B,).
        consistent: Weight of the heights of every tile, float32 (B,).
    """

    mask: Tensor
    height: Tensor
    certain: Tensor
    consistent: Tensor


class AdaptationModule(SourceModule):
    """One network learns from synthetic tiles and from tiles that are part synthetic, part real.

    The classes and heights of the real part are those that a teacher sees, whose weights follow the network's own. Each
    tile's share of certain classes weighs its pseudo-classes; times its share of heights that stay the same under other
    colours it weighs its pseudo-heights, for a teacher that knows nothing yet sees no heights, and consistently. The
    published form (``loss.paper``) weighs heights by the latter share alone, takes both over the whole batch, lets the
    teacher begin with heads of its own and never gives it the statistics of the network's batch norms.

    Args:
        recipe: The recipe.
        network: Network with the heads wanted.
        legend: Classes of the scenes.
        scaling: Input scaling.
        spec: The recipe's section ``synthetic``.
        heads: What the network returns of ``classes`` and ``height``.
        teacher: A network of the same kind.
        frozen: A copy of the network's encoder that stays what it is, or None for no feature constraint.
        raised: Indices of the classes that stand above the ground; none for no ground-guided refinement.
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
        teacher: nn.Module,
        frozen: nn.Module | None,
        raised: Sequence[int],
        pretrained: tuple[nn.Parameter, ...] = (),
    ) -> None:
        """Keep the parts; teacher and frozen encoder are never trained."""
        super().__init__(recipe, network, legend, scaling, spec, heads=heads, pretrained=pretrained)
        self.teacher = teacher.to(memory_format=torch.channels_last).requires_grad_(False).eval()
        self.frozen: Any = None if frozen is None else frozen.requires_grad_(False).eval()
        self._raised = raised
        self._stride = network_info(recipe.network.name, **recipe.network.options).stride
        self._agreement = Agreement(spec, heads)

    def train(self, mode: bool = True) -> Self:
        """Train the network alone: the others see every image alike."""
        super().train(mode)
        self.teacher.eval()
        if self.frozen is not None:
            self.frozen.eval()
        return self

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """Learn from a batch of :class:`landwright.data.domains.AdaptationItem`."""
        if batch_idx % self.recipe.optim.accumulate == 0:
            self.follow()
        if self.is_unlabelled(batch):
            return None
        losses, pseudo = self.losses(batch)
        self.log_dict({"train/certain": pseudo.certain.mean(), "train/consistent": pseudo.consistent.mean()})
        return self.report_losses(with_total(losses), batch["source"])

    def follow(self) -> None:
        """Draw the teacher's weights towards the network's, before the step that changes the latter."""
        step = self.global_step
        if step or not self.paper:
            update_teacher(self.teacher, self.network, ema_decay(step, self.spec.ema), buffers=not self.paper)

    def source_losses(self, batch: Any) -> dict[str, Tensor]:
        """Return the weighted terms of the loss on synthetic tiles."""
        spec = self.spec
        outputs = self(batch["image"])
        losses = self.compare(outputs, batch["mask"], batch["height"], height_weight=spec.height_weight)
        terms = {name: HALF * term for name, term in losses.items()}
        if self.frozen is not None:
            with torch.no_grad():
                before = self.frozen(pad_to_multiple(self.scaled(batch["image"]), self._stride))[-1].float()
            terms["feature"] = spec.feature * feature_loss(outputs.tokens, before, spec.feature_threshold)
        return terms

    def losses(self, batch: Any) -> tuple[dict[str, Tensor], Pseudo]:
        """Return the weighted terms of the loss, whose sum is to be differentiated, and what the teacher said."""
        spec, terms = self.spec, self.source_losses(batch)
        pseudo = self.label(batch["target"], batch["second"], batch["target_valid"])
        pasted = batch["pasted"]
        found = self.compare(
            self(batch["mixed"]),
            batch["mixed_mask"].where(pasted, pseudo.mask),
            batch["mixed_height"].where(pasted, pseudo.height),
            height_weight=spec.height_weight,
            class_pixels=torch.where(pasted, 1.0, pseudo.certain[:, None, None]),
            height_pixels=torch.where(pasted, 1.0, pseudo.consistent[:, None, None]),
        )
        return {**terms, **{f"target_{name}": HALF * term for name, term in found.items()}}, pseudo

    @torch.no_grad()
    def label(self, image: Tensor, second: Tensor, valid: Tensor) -> Pseudo:
        """Let the teacher map target tiles.

        Args:
            image: Float32 (B, C, H, W) in sensor units.
            second: The same under other colours.
            valid: Bool (B, H, W).
        """
        spec, paper = self.spec, self.paper
        first = self.see(image)
        mask = torch.full_like(valid, IGNORE, dtype=torch.int64)
        height = torch.full(valid.shape, torch.nan, device=image.device)
        certain = consistent = image.new_ones(len(image))
        if first.classes is not None:
            mask = first.classes.argmax(1).where(valid, IGNORE)
            certain = class_confidence(first.classes, spec.confidence, valid=valid, paper=paper)
        if first.height is not None:
            again = self.see(second).height
            assert again is not None
            consistent = height_consistency(first.height, again, spec.ratio, floor=spec.floor, valid=valid, paper=paper)
            if not paper:
                consistent = consistent * certain
            found = first.height
            if self._raised and first.classes is not None:
                found = ground_refinement(found, mask, self._raised)
            height = found[:, 0].where(valid, torch.nan)
        return Pseudo(mask, height, certain, consistent)

    def see(self, image: Tensor) -> Outputs:
        """Run the teacher on images in sensor units, float32 (B, C, H, W)."""
        return self.in_float32(self.teacher(self.scaled(image)))

    def on_validation_epoch_start(self) -> None:
        """Start with no counts."""
        super().on_validation_epoch_start()
        self._agreement = Agreement(self.spec, self.heads)

    def count(self, outputs: Outputs, batch: Any) -> None:
        """Score labelled tiles, and compare network and teacher on target tiles."""
        adapted = batch["adapted"]
        if bool((~adapted).any()):
            super().count(*pick(outputs, batch, ~adapted))
        if bool(adapted.any()):
            student, tiles = pick(outputs, batch, adapted)
            self._agreement.update(student, self.see(tiles["image"]), tiles["valid"])

    def collect(self) -> ProtocolResult:
        """Return the scores on synthetic tiles with the agreement on target tiles among them."""
        score = super().collect()
        self.share(self._agreement)
        return score.model_copy(update={"values": {**score.values, **self._agreement.values()}})
