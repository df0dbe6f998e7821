"""Published tiling of height maps against landwright's own: what each costs, and whether the map differs.

    python benchmarks/height_tiling.py --model RUN [--tile 256] [--scenes 4] [--size 1024] [--out runs/height_tiling]

Maps scenes of the world with a trained model: with the published windows (step of half a window, logits averaged, also
over mirrored copies) and with windows that overlap by an eighth. Prints windows, time and scores of each as a Markdown
table, and how many windows of 1022 pixels both would take of larger rasters.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import torch

import landwright
from landwright.data.scenes import find_scenes
from landwright.engine import PredictOptions
from landwright.engine.stream import Tiling
from landwright.evaluation import evaluate_bundle
from landwright.recipe import DataSpec
from landwright.world import write_world

WAYS: dict[str, dict[str, Any]] = {
    "published: step of half a window, with mirrored copies": {"blend": "rs3dada", "overlap": 0.5, "tta": "flip"},
    "published: step of half a window": {"blend": "rs3dada", "overlap": 0.5},
    "overlap of an eighth": {"blend": "cosine", "overlap": 0.125},
}
SIDES = (2044, 5000, 20000)
TILE = 1022


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="run or bundle with classes and heights")
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--gsd", type=float, default=0.5)
    parser.add_argument("--style", default="edge")
    parser.add_argument("--out", type=Path, default=Path("runs/height_tiling"))
    arguments = parser.parse_args()
    world = arguments.out / "world"
    write_world(world, scenes=arguments.scenes, size=arguments.size, gsd=arguments.gsd, style=arguments.style, seed=99)
    folders = {"images": "opt", "labels": "gt_ss_mask", "heights": "gt_nDSM"}
    scenes = find_scenes(DataSpec(**{key: str(world / name) for key, name in folders.items()}))
    bundle = landwright.load(arguments.model)
    lines = [
        f"torch {torch.__version__}, {arguments.scenes} scenes of {arguments.size} px, windows of {arguments.tile} px",
        "",
        "| windows | passes through the network per pixel | time (s) | mIoU | MAE (m) | RMSE (m) |",
        "|---|---|---|---|---|---|",
    ]
    for name, way in WAYS.items():
        options = PredictOptions(tile=arguments.tile, confidence=False, **way)
        copies = 4 if options.tta == "flip" else 1
        tiling = options.tiling(bundle.card.tiling, "cpu")
        began = time.monotonic()
        found = evaluate_bundle(bundle, {scene: () for scene in scenes}, options=options).evaluation
        took = time.monotonic() - began
        classes, heights = found.results[0].values, found.heights.results[0].values
        passes = copies * tiling.redundancy(arguments.size, arguments.size)
        figures = (classes["miou"], heights["mae"], heights["rmse"])
        lines.append(f"| {name} | {passes:.2f} | {took:.1f} | {' | '.join(f'{value:.3f}' for value in figures)} |")
    lines += [
        "",
        f"| windows of {TILE} px for a raster of | published | overlap of an eighth | ratio |",
        "|---|---|---|---|",
    ]
    for side in SIDES:
        counts = [len(Tiling(TILE, way["overlap"], way["blend"]).starts(side)) ** 2 for way in list(WAYS.values())[1:]]
        lines.append(f"| {side} x {side} | {counts[0]} | {counts[1]} | {counts[1] / counts[0]:.2f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
