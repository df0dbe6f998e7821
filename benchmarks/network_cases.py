"""What belongs to each network that `networks.py` times: its data, loss, optimiser, plain re-statement and parts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import plain_clcformer
import plain_paraformer
import torch
from torch import Tensor, nn

from landwright.losses import CoarseLoss, build_loss
from landwright.networks import create_network

Loss = Callable[[Any, Tensor], Tensor]
Contenders = dict[str, tuple[nn.Module, Loss]]


@dataclass(frozen=True)
class Case:
    """One thing to measure; classes None for those of the network's published use."""

    network: str
    options: Mapping[str, Any]
    classes: int | None
    size: int
    batch: int
    threads: int

    @property
    def subject(self) -> Subject:
        return SUBJECTS.get(self.network, OTHER)

    @property
    def device(self) -> torch.device:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Subject:
    """A network as it is trained.

    Attributes:
        loss: Our loss for a number of classes.
        restate: The plain form of our network and its loss, or None where it has none.
        parts: Names of modules that the time is shared out to, in the order of the forward pass.
    """

    loss: Callable[[int], Loss]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    classes: int = 1
    bands: int = 3
    clip: float | None = None
    restate: Callable[[nn.Module, Case, Loss], tuple[nn.Module, Loss] | None] = lambda network, case, loss: None
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def structure(classes: int) -> Loss:
    own = build_loss("clcformer", classes)
    return lambda outputs, mask: own(outputs, mask)["loss"]


def plain_clc(network: Any, case: Case, loss: Loss) -> tuple[nn.Module, Loss] | None:
    if case.options.get("taps", "released") != "released" or case.device.type != "cpu":
        return None
    plain_loss = plain_clcformer.structure_total if case.classes in (None, 1) else loss
    return plain_clcformer.restate(network, case.size), plain_loss


def plat(classes: int) -> Loss:
    """Return the published loss, class 0 being no label."""
    shares = torch.eye(classes)
    shares[0] = 0
    own = CoarseLoss(shares, paper=True).to("cuda" if torch.cuda.is_available() else "cpu")
    return lambda outputs, labels: own(*outputs.auxiliary, labels)["loss"]


def plain_para(network: Any, case: Case, loss: Loss) -> tuple[nn.Module, Loss] | None:
    if network.transformer.grid * 16 != case.size:
        return None
    return plain_paraformer.restate(network), plain_paraformer.plat_loss


SUBJECTS = {
    "clcformer": Subject(
        loss=structure,
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=1e-4),
        clip=2.0,
        restate=plain_clc,
    ),
    "paraformer": Subject(
        loss=plat,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4),
        classes=17,
        bands=4,
        restate=plain_para,
        parts={
            "CNN at full resolution": tuple(f"cnn.blocks.{index}" for index in range(5)),
            "down to 1/2": ("cnn.downs.0",),
            "down to 1/4": ("cnn.downs.1",),
            "down to 1/16": ("cnn.downs.2",),
            "ViT": ("patch_embed", "transformer"),
            "decoder at 1/16": ("reduce", "join16"),
            "decoder at 1/4": ("join4",),
            "decoder at 1/2": ("guide", "widen"),
            "heads": ("cnn_head", "vit_head"),
        },
    ),
}
OTHER = Subject(loss=structure, optimizer=SUBJECTS["clcformer"].optimizer, clip=2.0)


def contenders(case: Case) -> Contenders:
    """Build our network and, where there is one, its plain form with the same weights."""
    torch.set_num_threads(case.threads)
    torch.manual_seed(0)
    subject, classes = case.subject, case.classes or case.subject.classes
    network = create_network(case.network, classes=classes, bands=subject.bands, **case.options).to(case.device)
    loss = subject.loss(classes)
    found: Contenders = {"landwright": (network, loss)}
    if plain := subject.restate(network, case, loss):
        found["plain re-statement"] = plain
    if case.device.type == "cuda":
        for module, _ in found.values():
            module.to(memory_format=torch.channels_last)
    return found


def batch(case: Case) -> tuple[Tensor, Tensor]:
    """Make images of noise and labels of all classes."""
    image = torch.randn(case.batch, case.subject.bands, case.size, case.size, device=case.device)
    classes = case.classes or case.subject.classes
    mask = (torch.rand(image.shape[0], *image.shape[2:], device=case.device) * max(2, classes)).long()
    return image.to(memory_format=torch.channels_last) if image.is_cuda else image, mask


def runs(
    network: nn.Module, loss: Loss, subject: Subject, image: Tensor, mask: Tensor
) -> dict[str, Callable[[], object]]:
    """Return the two things that are timed."""
    optimizer = subject.optimizer(network.parameters())

    def precision() -> contextlib.AbstractContextManager[object]:
        return torch.autocast("cuda", torch.bfloat16) if image.is_cuda else contextlib.nullcontext()

    def forward() -> None:
        network.eval()
        with torch.inference_mode(), precision():
            network(image)

    def step() -> None:
        network.train()
        optimizer.zero_grad()
        with precision():
            outputs = network(image)
        loss(outputs, mask).backward()
        if subject.clip:
            nn.utils.clip_grad_norm_(network.parameters(), subject.clip)
        optimizer.step()

    return {"forward": forward, "train step": step}
