"""Speed of joint-bilateral upsampling of one 224 window, beside a plain re-statement, as a Markdown table.

    python benchmarks/jbu.py [--queries 14 60] [--threads 1] [--repeats 3]

Features (1, 512, 14, 14) become cosines (1, Q, 224, 224). The re-statement (`plain_jbu.py`) unfolds all 512 channels
in each of the four doublings. Weights, features and image are random; both forms have the same ones and run in turns;
the best run counts, after one to warm up. The difference is the largest one of the cosines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import plain_jbu
import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.networks.clip.jbu import UPSAMPLERS

DIM, GRID, SIDE = 512, 14, 224


def seconds(run: Callable[[], Tensor]) -> tuple[float, Tensor]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def row(name: str, queries: int, repeats: int) -> str:
    torch.manual_seed(0)
    upsampler = UPSAMPLERS[name](DIM).eval()
    features, image = torch.randn(1, DIM, GRID, GRID), torch.randn(1, 3, SIDE, SIDE)
    words = F.normalize(torch.randn(queries, DIM), dim=1)
    best = {"plain": float("inf"), "ours": float("inf")}
    found = {}
    for turn in range(repeats + 1):
        for who, run in (("plain", plain_jbu.similarities), ("ours", type(upsampler).similarities)):
            spent, found[who] = seconds(lambda run=run: run(upsampler, features, image, words))
            best[who] = min(best[who], spent) if turn else best[who]
    difference = float((found["plain"] - found["ours"]).abs().max())
    cells = (f"{best['plain'] * 1e3:.0f}", f"{best['ours'] * 1e3:.0f}", f"{best['plain'] / best['ours']:.0f} x")
    return f"| {name} | {queries} | {' | '.join(cells)} | {difference:.1e} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, nargs="+", default=[14, 60])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| upsampler | queries | plain ms | landwright ms | faster | largest difference |\n|---|---|---|---|---|---|")
    with torch.inference_mode():
        for name in UPSAMPLERS:
            for queries in arguments.queries:
                print(row(name, queries, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
