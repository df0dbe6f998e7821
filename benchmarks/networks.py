"""Speed of networks: forward and train step, in milliseconds and GFLOP/s, as a Markdown table.

    python benchmarks/networks.py [--network clcformer] [--set encoder=tiny] [--size 512] [--batch 1] [--compile]

CLCFormer is timed beside its plain re-statement (`plain_clcformer.py`): same weights, same outputs, runs taken in
turns. GFLOP are torch's count of the convolutions and matrix products of a forward pass, and three times that for a
train step (torch's own count of the backward pass takes grouped convolutions for full ones); sampling, norms, losses
and the optimiser are in the time but not in the count. On CUDA: bfloat16 autocast and channels last.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable

import torch
from plain_clcformer import restate, structure_total
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from landwright.losses import build_loss
from landwright.networks import create_network
from landwright.networks.clcformer import CLCFormer

Loss = Callable[[object, Tensor], Tensor]


def runs(network: nn.Module, loss: Loss, image: Tensor, mask: Tensor) -> dict[str, Callable[[], object]]:
    """Return the two things that are timed."""
    cuda = image.is_cuda
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def precision() -> contextlib.AbstractContextManager[object]:
        return torch.autocast("cuda", torch.bfloat16) if cuda else contextlib.nullcontext()

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
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()

    return {"forward": forward, "train step": step}


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Time one run on the wall, and on the processor, which other work on the machine disturbs less."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - processor


def flops(run: Callable[[], object]) -> float:
    """Count the floating-point operations of one run."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="clcformer")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--classes", type=int, default=1)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    options = dict(pair.split("=", 1) for pair in arguments.set)
    network = create_network(arguments.network, classes=arguments.classes, **options).to(device)
    image = torch.randn(arguments.batch, 3, arguments.size, arguments.size, device=device)
    mask = (torch.rand(image.shape[0], *image.shape[2:], device=device) * max(2, arguments.classes)).long()
    own = build_loss("clcformer", arguments.classes)
    contenders: dict[str, tuple[nn.Module, Loss]] = {
        "landwright": (network, lambda outputs, mask: own(outputs, mask)["loss"])
    }
    if isinstance(network, CLCFormer) and options.get("taps", "released") == "released" and device.type == "cpu":
        plain = restate(network, arguments.size)
        with torch.inference_mode():
            difference = (network.eval()(image).classes - plain.eval()(image).classes).abs().max().item()
        print(f"largest difference of the final map between the two: {difference:.1e}\n")
        loss = structure_total if arguments.classes == 1 else contenders["landwright"][1]
        contenders["plain re-statement"] = (plain, loss)
    if device.type == "cuda":
        image = image.to(memory_format=torch.channels_last)
        network.to(memory_format=torch.channels_last)
    if arguments.compile:
        contenders = {name: (torch.compile(module), loss) for name, (module, loss) in contenders.items()}
    jobs = {name: runs(module, loss, image, mask) for name, (module, loss) in contenders.items()}

    print(f"{arguments.network} {options or ''} {tuple(image.shape)}, {device.type}, {arguments.threads} threads\n")
    print("| what | who | ms (median) | ms (best) | processor ms (best) | GFLOP | GFLOP/s (best) |")
    print("|---|---|---|---|---|---|---|")
    counts = {name: flops(job["forward"]) / 1e9 for name, job in jobs.items()}
    for kind, passes in (("forward", 1), ("train step", 3)):
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
        for _ in range(arguments.repeats + 1):
            for name, job in jobs.items():
                times[name].append(seconds(job[kind]))
        for name, taken in times.items():
            walls, processors = zip(*taken[1:], strict=True)
            best, count = min(walls), passes * counts[name]
            shown = (1000 * statistics.median(walls), 1000 * best, 1000 * min(processors))
            row = (*(f"{value:.0f}" for value in shown), f"{count:.1f}", f"{count / best:.1f}")
            print(f"| {kind} | {name} | {' | '.join(row)} |")


if __name__ == "__main__":
    main()
