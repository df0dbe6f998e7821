"""Where the time of a train step goes, and what the machine could do."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

PASSES = 3
"""A train step does the work of three forward passes: outputs, and gradients of inputs and of weights."""
REST = "the rest"


def flops(network: nn.Module, run: Callable[[], object]) -> dict[str, float]:
    """Count the floating-point operations of one run of a network, by module name; "" is the whole."""
    with FlopCounterMode(display=False) as counter:
        run()
    root = type(network).__name__
    counts = {name.removeprefix(root).removeprefix("."): sum(by.values()) for name, by in counter.flop_counts.items()}
    return {**counts, "": float(counter.get_total_flops())}


class Share(NamedTuple):
    """What a part takes: GFLOP of a forward pass, and seconds of one train step."""

    part: str
    gflop: float
    forward: float
    backward: float
    seconds: float


class Stopwatch:
    """Time forward and backward of the modules that parts are made of; processor time, on a GPU wall time."""

    def __init__(self, network: nn.Module, parts: Mapping[str, tuple[str, ...]], *, cuda: bool) -> None:
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self._cuda = cuda
        self._begun: dict[tuple[str, str], float] = {}
        self._hooks = []
        for part, names in parts.items():
            for name in names:
                module = network.get_submodule(name)
                self._hooks += [
                    module.register_forward_pre_hook(self._begin("forward", name)),
                    module.register_forward_hook(self._end("forward", name, part)),
                    module.register_full_backward_pre_hook(self._begin("backward", name)),
                    module.register_full_backward_hook(self._end("backward", name, part)),
                ]

    def now(self) -> float:
        if not self._cuda:
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    def _begin(self, kind: str, name: str) -> Callable[..., None]:
        def begin(*_: object) -> None:
            self._begun[kind, name] = self.now()

        return begin

    def _end(self, kind: str, name: str, part: str) -> Callable[..., None]:
        def end(*_: object) -> None:
            self.seconds[kind, part] += self.now() - self._begun[kind, name]

        return end

    def remove(self) -> None:
        for hook in self._hooks:
            hook.remove()


def share_out(
    network: nn.Module, parts: Mapping[str, tuple[str, ...]], jobs: Mapping[str, Callable[[], object]], *, cuda: bool
) -> list[Share]:
    """Share a train step out to the parts of its network and the rest."""
    counts = flops(network, jobs["forward"])
    watch = Stopwatch(network, parts, cuda=cuda)
    begun = watch.now()
    jobs["train step"]()
    whole = watch.now() - begun
    watch.remove()
    shares = []
    for part, names in parts.items():
        forward, backward = watch.seconds["forward", part], watch.seconds["backward", part]
        shares.append(Share(part, sum(counts[name] for name in names) / 1e9, forward, backward, forward + backward))
    gflop, forward, backward, seconds = (sum(share[place] for share in shares) for place in range(1, 5))
    return [*shares, Share(REST, counts[""] / 1e9 - gflop, 0, 0, whole - seconds)]


def matrix_rate(device: torch.device, side: int = 2048, repeats: int = 5) -> float:
    """Return GFLOP/s of a square matrix product, best of some, in the precision that the networks run in."""
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))

    def seconds() -> float:
        if device.type != "cuda":
            begun = time.process_time()
            torch.mm(left, right)
            return time.process_time() - begun
        torch.cuda.synchronize()
        begun = time.perf_counter()
        torch.mm(left, right)
        torch.cuda.synchronize()
        return time.perf_counter() - begun

    seconds()
    return 2 * side**3 / 1e9 / min(seconds() for _ in range(repeats))
