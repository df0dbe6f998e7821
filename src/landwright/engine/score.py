"""The network with everything around it: scaling, validity, precision, dates, augmentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landwright.bundles import Normalization, available
from landwright.engine.augment import Augmentation, augmented
from landwright.engine.compiled import Compiled
from landwright.engine.heads import Head, HeightHead, metres
from landwright.engine.protocols import Refiner
from landwright.errors import UsageError
from landwright.networks import Outputs

Precision = Literal["auto", "32", "bf16", "16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


def device_named(name: str) -> torch.device:
    """Turn a name into a device, which this machine need not have; ``auto`` takes a GPU where there is one.

    Raises:
        UsageError: There is no such kind of device.
    """
    if name == "auto":
        return choose_device(name)
    try:
        return torch.device(name)
    except RuntimeError:
        return available(name)  # which says what is wrong


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


def settle_precision(network: nn.Module, name: Precision, device: torch.device) -> Precision:
    """Settle the precision; an exported file has its own, whatever surrounds it."""
    own: Precision | None = getattr(network, "precision", None)
    if own is not None and name not in {"auto", own}:
        raise UsageError(
            f"the model is an exported file, which computes with {own} bits",
            remedy="Leave --precision out, or map with the bundle",
        )
    return own or choose_precision(name, device)


class PixelScorer:
    """What a network says of every pixel, the engine's `Scorer`: one channel after another of each head.

    Pixels without a valid value reach the network as 0 in sensor units, as they do in training. Nothing is ever scaled
    by what a window happens to hold.

    Args:
        network: Returns `networks.Outputs`; moved to the device and set to evaluation.
        normalization: The model's input scaling.
        heads: What is taken of the outputs, in the order of the channels. With test-time augmentation a height head,
            which then has to be the last, is followed by the variance of `heads.metres` over the views.
        dates: Number of dates in an image that go through the network one by one.
        device: Where to compute.
        precision: ``32``, ``bf16`` or ``16`` (autocast) or ``auto``. Scores are float32 in any case.
        augmentation: Test-time augmentation.
        zoom: Factor of the size that images are shown to the network at.
        refiner: Lets the scores follow the image, or None.

    Attributes:
        channels: Number of channels of all heads, with the variance.
        device: Where the scores are.
        precision: What ``auto`` came to.

    Raises:
        UsageError: The network is an exported file, and computes in another precision.
    """

    def __init__(
        self,
        network: nn.Module,
        normalization: Normalization,
        heads: Sequence[Head],
        *,
        dates: int = 1,
        device: torch.device,
        precision: Precision = "auto",
        augmentation: Augmentation = "none",
        zoom: float = 1.0,
        refiner: Refiner | None = None,
    ) -> None:
        """Move the network and the coefficients to the device."""
        self._heads = heads
        self._dates = dates
        self._spread = augmentation != "none" and isinstance(heads[-1], HeightHead)
        self.channels = sum(head.channels for head in heads) + self._spread
        self.device = device
        self.precision = settle_precision(network, precision, device)
        self._augmentation: Augmentation = augmentation
        self._zoom, self._refiner = zoom, refiner
        self._kept: Tensor | None = None
        self._turn = 0
        self._copies: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        # Convolutions are quicker with channels last: CLCFormer and U-Net by 10 to 30 % on a CPU.
        network = network.to(device).to(memory_format=torch.channels_last).eval()
        self._network: Callable[[Tensor], Outputs] = network
        self._scale, self._shift = (
            torch.from_numpy(values).repeat(dates, 1, 1).to(device) for values in normalization.coefficients()
        )

    def compile(self) -> None:
        """Send batches through the compiled network from now on; see `Compiled` for what calls then raise.

        Not while the size of batches is being chosen, as it is compiled for each of them.
        """
        if isinstance(self._network, nn.Module):
            self._network = Compiled(self._network)

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[Any], valid: NDArray[np.bool_]) -> Tensor:
        """Turn pixels (B, dates x C, t, t) in sensor units into scores (B, K, t, t), see `protocols.Scorer`."""
        images = self._on_device(pixels).to(torch.float32, copy=True)
        if not valid.all():
            images.masked_fill_(~self._on_device(valid)[:, None], 0.0)
        # Channels come last at the end: all before is four times as quick while they do not.
        images = images.mul_(self._scale).add_(self._shift).contiguous(memory_format=torch.channels_last)
        dtype = torch.float16 if self.precision == "16" else torch.bfloat16
        with torch.autocast(self.device.type, dtype=dtype, enabled=self.precision != "32"):
            spread = self._metres if self._spread else None
            scores = augmented(self._scores, images, self._augmentation, spread, zoom=self._zoom)
        return scores if self._refiner is None else self._refiner(pixels, valid, scores)

    def _on_device(self, values: NDArray[Any]) -> Tensor:
        """Return the values on the device; where that is a GPU they are fetched while it computes what came before."""
        tensor = torch.from_numpy(values)
        if self._copies is None:
            return tensor.to(self.device)
        with torch.cuda.stream(self._copies):
            fetched = tensor.to(self.device, non_blocking=True)
        # The caller overwrites the values; this waits for nothing but their way.
        self._copies.synchronize()
        fetched.record_stream(torch.cuda.current_stream(self.device))
        return fetched

    def _scores(self, images: Tensor) -> Tensor:
        outputs = [self._network(date) for date in images.chunk(self._dates, dim=1)]
        batch, _, height, width = images.shape
        channels = sum(head.channels for head in self._heads)
        scores = self._space((batch, channels, height, width))
        first = 0
        for head in self._heads:
            head(outputs, scores[:, first : first + head.channels])
            first += head.channels
        return scores

    def _space(self, shape: tuple[int, int, int, int]) -> Tensor:
        """Return memory for scores: in turns one of two, where the scores of one view are all.

        New memory for every batch costs a tenth of the time of a small network. The mean of several views is new.
        """
        if self._augmentation != "none":
            return torch.empty(shape, device=self.device)
        if self._kept is None or self._kept.shape[1:] != shape:
            self._kept = torch.empty((2, *shape), device=self.device)
        self._turn = 1 - self._turn
        return self._kept[self._turn]

    def _metres(self, scores: Tensor) -> Tensor:
        return metres(scores[:, -self._heads[-1].channels :])
