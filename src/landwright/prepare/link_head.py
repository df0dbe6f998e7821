"""Train the head that codes the tokens of a frozen DINO, so that links between patches can be found (SSET of ATSG).

It sees images alone. The numbers of the training are those of Seong et al., "Leveraging Hidden Positives for
Unsupervised Semantic Segmentation", CVPR 2023.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from landwright import __version__
from landwright.engine.score import choose_device
from landwright.errors import DataError, UsageError
from landwright.losses import sset_loss
from landwright.networks.dino import CODE, DinoHead, load_dino
from landwright.prepare.crops import RandomCrops
from landwright.rasters import atomic_output

PATCH = 16
RATE, DECAY = 5e-4, 0.1

_KEPT_EVERY = 10
_TAIL = 50


@dataclass(frozen=True)
class LinkHeadOptions:
    """How a head is trained.

    Attributes:
        dino: Architecture of the frozen DINO.
        weights: Its weights: ``hub``, or a safetensors file in timm's names.
        bands: The three bands to read, by number from 1 or by name; by default all, which must be three then.
        steps: Number of steps.
        batch: Crops per step.
        crop: Their side in pixels.
        seed: Seed of all randomness.

    Raises:
        UsageError: A number is out of its range.
    """

    dino: str = "vit_base"
    weights: str = "hub"
    bands: tuple[int | str, ...] | None = None
    steps: int = 500
    batch: int = 16
    crop: int = 224
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.steps < 1 or self.batch < 1:
            raise UsageError("a training has at least one step of one crop", remedy="Set steps and batch to 1 or more")
        if self.crop < PATCH or self.crop % PATCH:
            raise UsageError(
                f"crops of {self.crop} pixels do not divide into patches of {PATCH}",
                remedy=f"Choose a multiple of {PATCH}, such as 224",
            )


@dataclass(frozen=True)
class LinkHeadResult:
    """A trained head.

    Attributes:
        path: Its file.
        images: Number of images.
        steps: Steps of the whole training.
        resumed: Steps that an interrupted run had done.
        loss: Mean loss of the last 50 steps.
        seconds: Time that it took.
    """

    path: Path
    images: int
    steps: int
    resumed: int
    loss: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path)}


def train_link_head(
    images: Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    options: LinkHeadOptions | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> LinkHeadResult:
    """Train a head on random crops of images.

    The result is a function of images and options. Every 10 steps the state is kept beside the output, as
    ``<name>.part``; after an interruption the same call continues there.

    Args:
        images: Rasters of 8-bit values.
        out: Safetensors file to write.
        options: How; the defaults if left out.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ...
        overwrite: Replace a file that is there.
        progress: Called with the numbers of finished and of all steps.

    Returns:
        What was made.

    Raises:
        UsageError: The file is there already; the kept state is of another training; or there is no such device.
        DataError: An image cannot be read, is not of 8 bits or three bands, or holds no valid pixel; weights are
            missing or damaged; or the file cannot be written.
    """
    started, options, target = time.perf_counter(), options or LinkHeadOptions(), Path(out)
    if target.suffix != ".safetensors":
        raise UsageError("a head is a .safetensors file", path=target, remedy=f"Name it {target.stem}.safetensors")
    if target.exists() and not overwrite:
        raise UsageError("is there already", path=target, remedy="Name another file, or replace it with --force")
    crops = RandomCrops(images, bands=options.bands, size=options.crop, seed=options.seed)
    place = choose_device(device)
    dino = load_dino(options.dino, options.weights).to(place)
    training = _Training(options, dino.dim, place)
    record = asdict(options) | {
        "weights": Path(options.weights).name,
        "images": [path.name for path in crops.paths],
    }
    state = target.with_name(f"{target.name}.part")
    if state.exists():
        training.restore(state, record)
    first = len(training.losses)
    for step in range(first, options.steps):
        numbers = range(step * options.batch, (step + 1) * options.batch)
        batch = torch.stack([crops[number] for number in numbers]).to(place)
        training.step(dino(batch))
        if progress:
            progress(step + 1, options.steps)
        if (step + 1) % _KEPT_EVERY == 0:
            training.keep(state, record)
    tensors = {name: value.cpu().contiguous() for name, value in training.head.state_dict().items()}
    with atomic_output(target) as temporary:
        save_file(tensors, temporary, {"landwright": __version__, "training": json.dumps(record)})
    state.unlink(missing_ok=True)
    tail = training.losses[-_TAIL:]
    seconds = time.perf_counter() - started
    return LinkHeadResult(target, len(crops.paths), options.steps, first, sum(tail) / len(tail), seconds)


class _Training:
    """The head, the projection that only its training needs, and their optimiser."""

    def __init__(self, options: LinkHeadOptions, dim: int, place: torch.device) -> None:
        self.losses: list[float] = []
        self._seed = options.seed
        self._generators = [place] if place.type == "cuda" else []
        with self._seeded(-1):
            self.head = DinoHead(dim).to(place)
            self._projection = nn.Linear(CODE, CODE).to(place)
        groups = [
            {"params": list(self.head.parameters()), "weight_decay": DECAY},
            {"params": list(self._projection.parameters()), "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=RATE)

    def step(self, tokens: Tensor) -> None:
        """Learn from the tokens (B, D, h, w) of a batch."""
        with self._seeded(len(self.losses)):
            code = self.head(tokens)
        rows, features = (values.movedim(1, -1).flatten(0, 2) for values in (code, tokens))
        loss = sset_loss(self._projection(rows), features)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self.losses.append(loss.item())

    def keep(self, path: Path, record: dict[str, Any]) -> None:
        """Write the state."""
        state = {
            "head": self.head.state_dict(),
            "projection": self._projection.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "losses": self.losses,
            "record": json.dumps(record),
        }
        with atomic_output(path) as temporary:
            torch.save(state, temporary)

    def restore(self, path: Path, record: dict[str, Any]) -> None:
        """Read a state back.

        Raises:
            UsageError: It is of another training.
            DataError: It is damaged.
        """
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            same = state["record"] == json.dumps(record)
        except Exception as error:  # what a damaged archive raises depends on where it is damaged
            raise DataError("is not the state of a training", path=path, remedy="Delete it") from error
        if not same:
            raise UsageError(
                "is the state of a training with other images or options",
                path=path,
                remedy="Repeat those to continue, or delete the file to start anew",
            )
        self.head.load_state_dict(state["head"])
        self._projection.load_state_dict(state["projection"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.losses = state["losses"]

    @contextmanager
    def _seeded(self, number: int) -> Iterator[None]:
        """Draw what the seed and a number say, so that a run that is continued drops what it would have dropped."""
        with torch.random.fork_rng(self._generators):
            torch.manual_seed(int(np.random.SeedSequence([self._seed, number + 1]).generate_state(1)[0]))
            yield
