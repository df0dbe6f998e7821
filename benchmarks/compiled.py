"""What torch.compile and CUDA graphs gain: bare forward passes of the networks that are mapped with.

    python benchmarks/compiled.py [--cases "CLCFormer compact" ...] [--batch 1] [--repeats 5] [--threads 1]

Each network is timed as it is, compiled, and on a GPU compiled into CUDA graphs (``mode="reduce-overhead"``) too, in
turns, with channels last and on a GPU in bfloat16, as the engine runs it. Told are the medians, how long compiling
takes, how far the scores move, and how many windows a map needs before the time is won back.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from mapping_speed import CASES, make_bundle
from torch import Tensor, nn


def forms(network: nn.Module, device: torch.device) -> dict[str, Callable[[Tensor], Any]]:
    """Return the ways to run a network, the plain one first."""
    ways: dict[str, Callable[[Tensor], Any]] = {"as it is": network, "compiled": torch.compile(network, dynamic=False)}
    if device.type == "cuda":
        ways["CUDA graphs"] = torch.compile(network, dynamic=False, mode="reduce-overhead")
    return ways


def seconds(run: Callable[[Tensor], Any], images: Tensor) -> tuple[float, Tensor]:
    """Return how long one forward pass takes, and its scores."""
    device = images.device.type
    started = time.perf_counter()
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        outputs = run(images)
        scores = outputs.queries if outputs.classes is None else outputs.classes
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started, scores.float().clone()


def measure(case: str, batch: int, repeats: int) -> list[str]:
    """Return the rows of one network."""
    name, options, settings = CASES[case]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = make_bundle(name, options).network.to(device).to(memory_format=torch.channels_last).eval()
    images = torch.randn(batch, 3, settings["tile"], settings["tile"], device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    ways = forms(network, device)
    first = {way: seconds(run, images) for way, run in ways.items()}
    plain = first["as it is"][1]
    runs: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, run in ways.items():
            runs[way].append(seconds(run, images)[0])
    medians = {way: statistics.median(times) for way, times in runs.items()}
    rows = []
    for way, took in medians.items():
        moved = float((first[way][1] - plain).abs().max() / plain.abs().max())
        gain = medians["as it is"] - took
        back = f"{first[way][0] / gain * batch:,.0f}" if way != "as it is" and gain > 0 else "-"
        once = "-" if way == "as it is" else f"{first[way][0]:.0f}"
        speed = medians["as it is"] / took
        rows.append(f"| {case} | {way} | {took / batch:.3f} | {speed:.2f} | {once} | {moved:.0e} | {back} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| network | | s per window | speed | s to compile | scores move by | windows to win it back |")
    print("|---|---|---|---|---|---|---|")
    for case in arguments.cases:
        print("\n".join(measure(case, arguments.batch, arguments.repeats)), flush=True)


if __name__ == "__main__":
    main()
