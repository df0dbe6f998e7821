"""Scores of the regime ``tags``: activation maps and pseudo-labels against masks, and tags against tags."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchmetrics.classification import BinaryAveragePrecision, MultilabelAveragePrecision

from landwright.evaluation.protocols import DEFAULT, ProtocolResult, create_protocol
from landwright.evaluation.tags.stages import StageRules, stage_labels
from landwright.networks.ctfa import Ctfa
from landwright.regimes.tags_plan import TagsPlan

TAG_AP = "tag_ap"
FIGURES = (TAG_AP, "cam_miou", "pseudo_miou")
"""Figures beside those of the protocol; without masks the first alone."""

_KINDS = ("cam", "pseudo")


class TagScores(nn.Module):
    """Counts of a validation, but for those of the maps themselves.

    Activation maps and pseudo-labels are told which classes are in an image, as is the custom; maps are not. The
    average precisions are gathered over processes by torchmetrics, the rest is summed (:meth:`state`).

    Args:
        names: Classes of the maps.
        plan: Thresholds, and whether there is a background.
    """

    def __init__(self, names: Sequence[str], plan: TagsPlan) -> None:
        """Start with no counts."""
        super().__init__()
        self._plan, self._names = plan, tuple(names)
        self._tagged = len(names) - plan.background
        # For several tags alone there is a metric of several labels.
        several = self._tagged > 1
        self.precision = (
            MultilabelAveragePrecision(self._tagged, average="none") if several else BinaryAveragePrecision()
        )
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self.precision.reset()
        self._protocols = {kind: create_protocol(DEFAULT, self._names) for kind in _KINDS}
        # Images with each tag, and all images.
        self._tags = torch.zeros(self._tagged + 1, dtype=torch.float64)

    def count_tags(self, logits: Tensor, tags: Tensor) -> None:
        """Count logits (B, T) against tags (B, T)."""
        self.precision.update(logits.float(), tags.long())
        self._tags += torch.cat((tags.sum(0), tags.new_tensor([len(tags)]))).double().cpu()

    def count_stages(
        self, network: Ctfa, image: Tensor, picture: Tensor, tags: Tensor, mask: Tensor, valid: Tensor, names: list[str]
    ) -> None:
        """Count the activation maps and pseudo-labels of a batch.

        Args:
            network: The network.
            image: Normalised (B, C, H, W).
            picture: (B, 3, H, W) in 0..1.
            tags: (B, T).
            mask: Integer (B, H, W), 255 = ignore.
            valid: Bool (B, H, W).
            names: Names of the scenes.
        """
        plan = self._plan
        rules = StageRules(plan.background_score, plan.cam_scales, official=plan.paper)
        found = stage_labels(network, image, picture, tags, valid, rules, background=plan.background)
        for kind, labels in zip(_KINDS, (found.cam, found.pseudo), strict=True):
            for name, reference, said in zip(names, mask, labels, strict=True):
                self._protocols[kind].update(reference, said, name=name)

    def state(self) -> Tensor:
        """Return all counts but those of the precisions as one vector."""
        return torch.cat([self._tags, *(self._protocols[kind].state().cpu() for kind in _KINDS)])

    def load_state(self, state: Tensor) -> None:
        """Take the sum of several processes."""
        parts = [len(self._tags), *(len(self._protocols[kind].state()) for kind in _KINDS)]
        self._tags, *counts = torch.split(state.cpu(), parts)
        for kind, count in zip(_KINDS, counts, strict=True):
            self._protocols[kind].load_state(count)

    def mean_precision(self) -> float | None:
        """Return the mean average precision over the tags that some image has; None where none has any."""
        if not self._tags[:-1].any():
            return None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No positive samples")
            values: Tensor = self.precision.compute()
        held = values.cpu().reshape(-1)[self._tags[:-1] > 0]
        return float(held.mean())

    def figures(self) -> dict[str, float | None]:
        """Return all figures, by name; to be called where masks were counted."""
        miou = {f"{kind}_miou": self._protocols[kind].compute().values["miou"] for kind in _KINDS}
        return {TAG_AP: self.mean_precision(), **miou}

    def result(self) -> ProtocolResult:
        """Return how well tags are told, for a validation without masks."""
        return ProtocolResult(
            protocol="tags",
            description="Mean over classes of the average precision with which an image's tags are told; maps are not "
            "scored.",
            values={TAG_AP: self.mean_precision()},
            per_class=(),
            in_mean=(),
            images=int(self._tags[-1]),
            pixels=0,
            unmapped=(),
            matrix=(),
        )
