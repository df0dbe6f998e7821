"""Seconds per image of the providers of segments.

    python benchmarks/segments.py [--sizes 320 512 1024] [--points 8] [--threads 2] [--repeats 3] [--weights FILE]

Pictures are fields of one colour with noise. Without WEIGHTS (a folder of SAM or SAM 2, or MobileSAM's file) SAM is a
MobileSAM with random weights, which costs the same up to its masks. How many of these count depends on weights and
image: SAM is timed once with the thresholds of SAM_RS and once with every mask kept, the most that it can cost.
Medians of wall seconds, to be read with the load that is printed, and of processor seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from landwright.networks.sam import MaskGenerator, MaskSettings, mobile_sam
from landwright.prepare.segments import read_params
from landwright.prepare.segments.pieces import Pieces
from landwright.prepare.segments.sam import SamSegmenter
from landwright.prepare.segments.weights import find_sam, load_sam

FIELD = 40


def picture(side: int) -> np.ndarray:
    """Fields of one colour with noise, (side, side, 3)."""
    rng = np.random.default_rng(0)
    fields = -(-side // FIELD)
    coarse = rng.integers(30, 220, (fields, fields, 3))
    image = coarse.repeat(FIELD, 0).repeat(FIELD, 1)[:side, :side] + rng.normal(0, 6, (side, side, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def timed(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Medians of wall and processor seconds, after one run that does not count."""
    run()
    walls, cores = [], []
    for _ in range(repeats):
        wall, core = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cores.append(time.process_time() - core)
    return statistics.median(walls), statistics.median(cores)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[320, 512, 1024])
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--weights")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = load_sam(find_sam(arguments.weights)) if arguments.weights else mobile_sam()
    params = read_params("sam")
    everything = MaskSettings(arguments.points, pred_iou=0.0, stability=0.0, nms=1.0)
    if not arguments.weights:
        # Random weights give every mask about the same poor estimate: lift it above the threshold of 0.
        model.get_parameter("mask_decoder.iou_prediction_head.proj_out.bias").data.add_(1.0)
    ways = {
        "felzenszwalb": Pieces(read_params("felzenszwalb")),
        "slic": Pieces(read_params("slic")),
        "sam": SamSegmenter(MaskGenerator(model, MaskSettings(arguments.points)), params),
        "sam, every mask kept": SamSegmenter(MaskGenerator(model, everything), params),
    }
    print(f"{platform.processor() or platform.machine()}, {arguments.threads} threads, torch {torch.__version__}")
    print("| provider | side | wall s | core s | load |\n|---|---|---|---|---|")
    for name, segmenter in ways.items():
        for side in arguments.sizes:
            image, valid = picture(side), np.ones((side, side), bool)
            wall, core = timed(lambda: segmenter(image, valid), arguments.repeats)  # noqa: B023
            print(f"| {name} | {side} | {wall:.2f} | {core:.2f} | {os.getloadavg()[0]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
