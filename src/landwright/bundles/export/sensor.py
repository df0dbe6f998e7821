"""A network with all that is around it in a map: sensor units go in, probabilities and metres come out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from landwright.bundles.bundle import Bundle
from landwright.bundles.card import Output
from landwright.errors import UsageError
from landwright.networks.clip.rule import QueryRule

NAMES: dict[Output, str] = {"classes": "probabilities", "height": "height"}
"""What the tensors are called that a file returns."""


class SensorNetwork(nn.Module):
    """Maps images in sensor units to what is mapped.

    Args:
        bundle: The model.
        outputs: What is returned, in the order of the card: ``classes``, ``height`` or both.

    Raises:
        UsageError: A model of words decides by more than what one window tells.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, bundle: Bundle, outputs: Sequence[Output]) -> None:
        """Keep the network and the coefficients of its scaling."""
        super().__init__()
        rule = getattr(bundle.network, "rule", None)
        self._of_words = isinstance(rule, QueryRule)
        if isinstance(rule, QueryRule):
            _check_words(bundle, rule)
        self.network = bundle.network
        self.outputs = tuple(outputs)
        self._classes = len(bundle.card.legend)
        for name, values in zip(("scale", "shift"), bundle.card.normalization.coefficients(), strict=True):
            self.register_buffer(name, torch.from_numpy(values))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Map images.

        Args:
            image: Float32 (B, bands, H, W) in sensor units; pixels without a value are 0.

        Returns:
            Probabilities (B, K, H, W) of the legend's classes, heights above ground in metres (B, 1, H, W), or both.
        """
        found = self.network(image * self.scale + self.shift)
        maps: dict[Output, Tensor | None] = {"classes": found.classes, "height": found.height}
        if found.classes is not None and "classes" in self.outputs:
            maps["classes"] = self._probabilities(found.classes)
        return tuple(value for name in self.outputs if (value := maps[name]) is not None)

    def _probabilities(self, logits: Tensor) -> Tensor:
        if self._of_words:
            # Logarithms of shares, which add up to 1 only where no class has several words.
            return logits.exp()
        if logits.shape[1] == 1 and self._classes == 2:
            return torch.cat([-logits, logits], dim=1).sigmoid()
        return logits.softmax(dim=1)


def _check_words(bundle: Bundle, rule: QueryRule) -> None:
    words = bundle.card.words
    if any(rule.thresholds):
        raise UsageError(
            f"{bundle.card.name} sends pixels below a threshold to the background once windows are averaged, which a "
            "file that sees one window cannot do",
            remedy="Make the bundle with a vocabulary without thresholds",
        )
    if words is not None and words.resize:
        raise UsageError(
            f"{bundle.card.name} brings whole images to {words.resize} pixels first, which a file that sees one window "
            "cannot do",
            remedy="Make the bundle with --preset landwright",
        )
