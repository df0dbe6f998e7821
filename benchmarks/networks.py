"""Speed of networks: forward and train step, in milliseconds and GFLOP/s, as a Markdown table.

    python benchmarks/networks.py [--network clcformer] [--set encoder=tiny] [--size 512] [--batch 1] [--compile]
    python benchmarks/networks.py --network paraformer [--set width=64] --size 224 --batch 1

A network with a plain re-statement (`plain_clcformer.py`, `plain_paraformer.py`) is timed beside it: same weights,
same outputs, runs taken in turns. Networks, losses and optimisers are set down in `network_cases.py`. GFLOP are
torch's count of the convolutions and matrix products of a forward pass, and three times that for a train step (torch's
own count of the backward pass takes grouped convolutions for full ones); sampling, norms, losses and the optimiser are
in the time but not in the count. On CUDA: bfloat16 autocast and channels last.

For a network whose parts are set down, the peak memory of both in fresh processes and the shares of the parts follow.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable

import torch
import yaml
from network_cases import Case, batch, contenders, runs
from network_memory import peaks
from network_parts import PASSES, flops, matrix_rate, share_out


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Time one run on the wall, and on the processor, which other work on the machine disturbs less."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - processor


def table(titles: str, rows: Iterable[Iterable[str]]) -> None:
    """Print a Markdown table; the titles are parted by bars."""
    print(f"| {titles} |\n|{'---|' * len(titles.split('|'))}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def parse() -> tuple[Case, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="clcformer")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--classes", type=int, help="those of the network's published use by default")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    options = {option: yaml.safe_load(value) for option, value in (pair.split("=", 1) for pair in arguments.set)}
    case = Case(
        network=arguments.network,
        options=options,
        classes=arguments.classes,
        size=arguments.size,
        batch=arguments.batch,
        threads=arguments.threads,
    )
    return case, arguments


def main() -> None:
    case, arguments = parse()
    found = contenders(case)
    image, mask = batch(case)
    if plain := found.get("plain re-statement"):
        with torch.inference_mode():
            ours, theirs = (module.eval()(image).classes for module in (found["landwright"][0], plain[0]))
        print(f"largest difference of the final map between the two: {(ours - theirs).abs().max().item():.1e}\n")
    if arguments.compile:
        found = {name: (torch.compile(module), loss) for name, (module, loss) in found.items()}
    jobs = {name: runs(module, loss, case.subject, image, mask) for name, (module, loss) in found.items()}

    device = case.device
    print(f"{case.network} {case.options or ''} {tuple(image.shape)}, {device.type}, {case.threads} threads\n")
    counts = {name: flops(found[name][0], job["forward"])[""] / 1e9 for name, job in jobs.items()}

    def timed() -> Iterable[Iterable[str]]:
        for kind, passes in (("forward", 1), ("train step", PASSES)):
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
            for _ in range(arguments.repeats + 1):
                for name, job in jobs.items():
                    times[name].append(seconds(job[kind]))
            for name, taken in times.items():
                walls, processors = zip(*taken[1:], strict=True)
                best, count = min(walls), passes * counts[name]
                shown = (1000 * statistics.median(walls), 1000 * best, 1000 * min(processors))
                yield kind, name, *(f"{value:.0f}" for value in shown), f"{count:.1f}", f"{count / best:.1f}"

    table("what | who | ms (median) | ms (best) | processor ms (best) | GFLOP | GFLOP/s (best)", timed())
    if case.subject.parts and not arguments.compile:
        show_parts(case, found["landwright"][0], jobs["landwright"])
        names = list(found)
        found.clear(), jobs.clear()
        show_memory(case, names)


def show_parts(case: Case, network: torch.nn.Module, jobs: dict[str, Callable[[], object]]) -> None:
    """Print what a train step spends on which part."""
    cuda = case.device.type == "cuda"
    shares = share_out(network, case.subject.parts, jobs, cuda=cuda)
    work, whole = sum(share.gflop for share in shares), sum(share.seconds for share in shares)

    def rows() -> Iterable[Iterable[str]]:
        for share in shares:
            parts = (f"{1000 * value:.0f}" if value else "" for value in (share.forward, share.backward))
            rate = f"{PASSES * share.gflop / share.seconds:.0f}" if share.forward else ""
            step = (f"{1000 * share.seconds:.0f}", f"{share.seconds / whole:.0%}", rate)
            yield share.part, f"{share.gflop:.1f}", f"{share.gflop / work:.0%}", *parts, *step

    clock = "wall" if cuda else "processor"
    print(
        f"\nOne train step of landwright by part, {clock} time; a matrix product reaches "
        f"{matrix_rate(case.device):.0f} GFLOP/s\n"
    )
    table("part | GFLOP forward | of all | forward ms | backward ms | step ms | of all | GFLOP/s", rows())


def show_memory(case: Case, names: list[str]) -> None:
    """Print the peak memory of the contenders."""
    of = "allocated on the GPU" if case.device.type == "cuda" else "resident"
    print(f"\nPeak memory {of}, each run in a fresh process\n")
    rows = ((kind, name, f"{before:.0f}", f"{peak:.0f}") for kind, name, before, peak in peaks(case, names))
    table("what | who | MB before, weights included | MB at the peak", rows)


if __name__ == "__main__":
    main()
