"""Regime `tags`: activation maps, pseudo labels and maps learnt from image-level tags, with parts on and off.

    python benchmarks/tags.py [--set world|dubai] [--data ../shared/data] [--out runs/tags] [--only NAME ...]
        [--seeds 0 1 2] [--steps 300]
    python benchmarks/tags.py --cost

`world`: 600 synthetic scenes of 128 x 128 pixels of 0.5 m, 500 of them to learn from. `dubai`: real tiles cut into crops
of 128 pixels, scored on tiles that were not trained on. Tags are the classes that cover at least 2 % of a crop's mask;
nothing else is seen of the masks in training. Every row has the same crops, steps and seeds, through the command line
and `recipes/tags-quick.yaml`. "Full masks" is the same network in the regime `masks`. Finished runs are kept, so that an
interrupted benchmark goes on where it stopped. Prints a Markdown table. `--cost` times single training steps.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

RECIPE = Path(__file__).parent.parent / "recipes" / "tags-quick.yaml"
SCENES, TEST_SCENES, SPARE, SIDE = 600, 100, 8, 128
MIN_SHARE = 0.02
MASKS = "full masks"

ROWS = {
    "ToCo": "method: toco",
    "CTFA": "method: ctfa",
    "ATSG": "method: atsg",
    MASKS: "",
}
SWITCHES = {
    "no pseudo labels": "method: atsg, seg: 0, dense_energy: 0, joint: 0",
    "no affinity": "method: atsg, affinity: 0",
    "no contrast": "method: atsg, contrast: 0",
    "no dense energy": "method: atsg, dense_energy: 0",
    "no joint loss": "method: atsg, joint: 0",
    "no links": "method: atsg, patchlink: off",
    "links: dino_only": "method: atsg, patchlink: dino_only",
    "links: threshold batch_mean": "method: atsg, link_threshold: batch_mean",
    "links: threshold 0.8": "method: atsg, link_threshold: 0.8",
    "da: official": "method: atsg, da: official",
    "da: block 2": "method: atsg, da: 2",
    "no object loss": "method: atsg, object_loss: off",
    "object loss: official": "method: atsg, object_loss: official",
    "no boundary loss": "method: atsg, boundary_loss: off",
    "boundary loss: official": "method: atsg, boundary_loss: official",
    "boundary loss: precision": "method: atsg, boundary_loss: precision",
    "no segments": "method: atsg, segments: none",
    "segments: slic": "method: atsg, segments: slic",
}
PLAIN = ("no links", "no segments")
"""Rows that are CTFA with one of ATSG's two additions."""


@dataclass(frozen=True)
class Task:
    """One data set: what is added to the recipe, and where the pairs and the tags are."""

    classes: str
    train: Path
    test: Path
    tags: Path


def world(_data: Path, out: Path) -> Task:
    """Make the world."""
    folder = out / "world"
    if not (folder / "tags.csv").exists():
        options = {"--scenes": SCENES, "--size": SIDE, "--gsd": 0.5, "--seed": 11}
        run("data", "make-world", "-o", str(folder), *(str(word) for pair in options.items() for word in pair))
    files = [(image, folder / "gt_ss_mask" / image.name) for image in sorted((folder / "opt").glob("*.tif"))]
    apart = SCENES - TEST_SCENES
    return _task("openearthmap-8", files[:apart], files[apart:], out)


def dubai(data: Path, out: Path) -> Task:
    """Cut the tiles into crops; of the training tiles every third one is kept."""
    root = data / "dubai_hitl"
    with (root / "splits.csv").open() as file:
        tiles = {f"Tile {row['tile']}": row["split"] for row in csv.DictReader(file)}
    found: dict[str, list[tuple[Path, Path]]] = {"train": [], "test": []}
    for tile, part in sorted(tiles.items()):
        if part not in found:
            continue
        for source in sorted((root / tile / "images").glob("*.jpg")):
            mask = root / tile / "masks" / f"{source.stem}.png"
            found[part] += _cut(source, mask, out / "crops" / part, f"{tile.replace(' ', '')}_{source.stem}")
    return _task("dubai-6", found["train"][::3], found["test"], out)


def run(*arguments: str) -> None:
    """Run the command line."""
    done = subprocess.run([sys.executable, "-m", "landwright", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")


def score_row(task: Task, tags: str, name: str, seed: int, steps: int, out: Path) -> dict:
    """Train one row with one seed, unless that was done, and score it."""
    slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    folder = out / f"{slug}-{steps}-{seed}"
    if not (folder / "seconds.txt").exists():
        started = time.monotonic()
        sets = [word for setting in settings(task, tags, name, steps) for word in ("--set", setting)]
        resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
        run("train", str(RECIPE), "-o", str(folder), "--seed", str(seed), *sets, *resume)
        (folder / "seconds.txt").write_text(f"{time.monotonic() - started:.0f}")
    metrics = folder / "report" / "metrics.json"
    if not metrics.exists():
        where = ["--pairs", str(task.test), "--protocol", "pixel-pooled", "--tags", str(task.tags)]
        run("evaluate", "--model", str(folder), *(where[:4] if name == MASKS else where), "-o", str(folder / "report"))
    result = json.loads(metrics.read_text())
    return {**result, "seconds": float((folder / "seconds.txt").read_text())}


def settings(task: Task, tags: str, name: str, steps: int) -> list[str]:
    """Return what a row changes in the recipe."""
    data = f"pairs: '{task.train}', split: {{by: column}}, tile: {SIDE}"
    shared = [f"classes={task.classes}", f"optim.steps={steps}", f"validate={{every: {steps}, tiles: {SPARE}, keep: last}}"]
    if name == MASKS:
        return [*shared, "regime=masks", "tags=null", f"data={{{data}}}", "network.background=false"]
    return [*shared, f"data={{{data}, tags: '{task.tags}'}}", *(f"tags.{key}" for key in _parts(tags))]


def _parts(tags: str) -> list[str]:
    return [part.replace(": ", "=") for part in tags.split(", ")]


def _task(classes: str, train: list[tuple[Path, Path]], test: list[tuple[Path, Path]], out: Path) -> Task:
    """Write the lists of pairs, and the tags of all their images."""
    # The validation scores steer nothing (the last weights are kept); a few crops are enough for them.
    step = len(train) // SPARE
    parts = ["val" if number % step == step // 2 else "train" for number in range(len(train))]
    tags = out / "tags.csv"
    if not tags.exists():
        folders = sorted({str(path.parent.resolve()) for pair in (*train, *test) for path in pair[1:]})
        images = sorted({str(path.parent.resolve()) for path, _ in (*train, *test)})
        made = ["--images", *images] if len(images) == 1 else [word for folder in images for word in ("--images", folder)]
        masks = [word for folder in folders for word in ("--from-masks", folder)]
        run("prepare", "tags", *masks, *made, "--legend", classes, "--min-share", str(MIN_SHARE), "-o", str(tags))
    return Task(
        classes,
        train=_pairs(out / "train.csv", [(*pair, part) for pair, part in zip(train, parts, strict=True)]),
        test=_pairs(out / "test.csv", [(*pair, "test") for pair in test]),
        tags=tags.resolve(),
    )
