"""The network with everything around it: scaling, validity, precision, augmentation, probabilities."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landwright.bundles import Normalization, available
from landwright.engine.augment import Augmentation, augmented
from landwright.engine.heads import probabilities
from landwright.engine.merge import Merger
from landwright.errors import UsageError

Precision = Literal["auto", "32", "bf16", "16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


def choose_device(name: str) -> torch.device:
    """Turn a name into a device; ``auto`` takes a GPU where there is one.

    Raises:
        UsageError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return available(name)


def choose_precision(name: Precision, device: torch.device) -> Precision:
    """Settle ``auto``: bfloat16 on a GPU that has it, else 32 bit."""
    if name != "auto":
        return name
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "32"


class ClassScorer:
    """Class probabilities of a network, the engine's `Scorer`.

    Pixels without a valid value reach the network as 0 in sensor units, as they do in training. Nothing is ever scaled
    by what a window happens to hold.

    Args:
        network: Returns `networks.Outputs` with ``classes``; moved to the device and set to evaluation.
        normalization: The model's input scaling.
        classes: Number of classes in the network's legend.
        merger: Sums the probabilities of classes that become one, or None.
        device: Where to compute.
        precision: ``32``, ``bf16`` or ``16`` (autocast) or ``auto``. Scores are float32 in any case.
        augmentation: Test-time augmentation.

    Attributes:
        channels: Number of classes, after merging.
        device: Where the scores are.
        precision: What ``auto`` came to.
    """

    def __init__(
        self,
        network: nn.Module,
        normalization: Normalization,
        classes: int,
        *,
        merger: Merger | None = None,
        device: torch.device,
        precision: Precision = "auto",
        augmentation: Augmentation = "none",
    ) -> None:
        """Move the network and the coefficients to the device."""
        self.channels = classes if merger is None else merger.classes
        self._classes, self._merger = classes, merger
        self.device = device
        self.precision = choose_precision(precision, device)
        self._augmentation: Augmentation = augmentation
        # Convolutions are quicker with channels last: CLCFormer and U-Net by 10 to 30 % on a CPU.
        self._network = network.to(device).to(memory_format=torch.channels_last).eval()
        self._scale, self._shift = (torch.from_numpy(values).to(device) for values in normalization.coefficients())

    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> Tensor:
        """Turn pixels (B, C, t, t) in sensor units into probabilities (B, K, t, t)."""
        images = torch.from_numpy(pixels).to(self.device).float()
        if not valid.all():
            images = images.masked_fill(~torch.from_numpy(valid).to(self.device)[:, None], 0.0)
        images = images.mul(self._scale).add_(self._shift).contiguous(memory_format=torch.channels_last)
        dtype = torch.float16 if self.precision == "16" else torch.bfloat16
        with torch.autocast(self.device.type, dtype=dtype, enabled=self.precision != "32"):
            return augmented(self._probabilities, images, self._augmentation)

    def _probabilities(self, images: Tensor) -> Tensor:
        logits = self._network(images).classes
        if logits is None:
            raise UsageError("the network has no class head", remedy="Choose a model that maps classes")
        scores = probabilities(logits, self._classes)
        return scores if self._merger is None else self._merger(scores)
