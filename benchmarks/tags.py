"""Regime `tags`: activation maps, pseudo labels and maps learnt from image-level tags, with parts on and off.

    python benchmarks/tags.py [--set world|dubai] [--data ../shared/data] [--out runs/tags] [--only NAME ...]
        [--seeds 0 1 2] [--steps 300]
    python benchmarks/tags.py --cost

`world`: 600 synthetic scenes of 128 x 128 pixels of 0.5 m, 500 of them to learn from. `dubai`: real tiles cut into
crops of 128 pixels, scored on tiles that were not trained on. Tags are the classes that cover at least 2 % of a crop's
mask; nothing else is seen of the masks in training. Every row has the same crops, steps and seeds, through the command
line and `recipes/tags-quick.yaml`. "Full masks" is the same network in the regime `masks`. Finished runs are kept, so
that an interrupted benchmark goes on where it stopped. Prints a Markdown table. `--cost` times single training steps.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch
from PIL import Image
from torch.utils.data import default_collate

from landwright.recipe import load_recipe
from landwright.regimes.tags import build
from landwright.regimes.tags_losses import TagBatch, tag_losses
from landwright.regimes.tags_module import TagsModule

RECIPE = Path(__file__).parent.parent / "recipes" / "tags-quick.yaml"
SCENES, TEST_SCENES, SPARE, SIDE = 600, 100, 8, 128
MIN_SHARE = 0.02
MASKS = "full masks"

ROWS: dict[str, dict] = {
    "ToCo": {"method": "toco"},
    "CTFA": {"method": "ctfa"},
    "ATSG": {"segments": "felzenszwalb"},
    MASKS: {},
}
LINKS = {"link_features": "encoder"}
SWITCHES: dict[str, dict] = {
    "links union, threshold 0.9": {**LINKS, "link_threshold": 0.9},
    "links dino_only, threshold 0.9": {**LINKS, "patchlink": "dino_only", "link_threshold": 0.9},
    "links union, image_mean": LINKS,
    "links union, batch_mean": {**LINKS, "link_threshold": "batch_mean"},
    "da official": {"da": "official"},
    "da block 2": {"da": 2},
    "without object loss": {"object_loss": "off"},
    "object loss official": {"object_loss": "official"},
    "without boundary loss": {"boundary_loss": "off"},
    "boundary loss soft": {"boundary_loss": "soft"},
    "boundary loss official": {"boundary_loss": "official"},
    "segments slic": {"segments": "slic"},
    "without affinity": {"affinity": 0},
    "with contrast": {"contrast": 0.5},
    "without dense energy": {"dense_energy": 0},
    "without joint loss": {"joint": 0},
    "without cross-entropy on pseudo labels": {"seg": 0},
}
"""What each row changes in ATSG."""


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


def score_row(task: Task, tags: dict, name: str, seed: int, steps: int, out: Path) -> dict:
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


def settings(task: Task, tags: dict, name: str, steps: int) -> list[str]:
    """Return what a row changes in the recipe."""
    data = f"pairs: '{task.train}', split: {{by: column}}, tile: {SIDE}"
    run_of = f"validate={{every: {steps}, tiles: {SPARE}, keep: last}}"
    shared = [f"classes={task.classes}", f"optim.steps={steps}", run_of]
    if name == MASKS:
        return [*shared, "regime=masks", "tags=null", f"data={{{data}}}", "network.background=false"]
    given = {"seg_after": min(60, steps // 5), **tags}
    return [*shared, f"data={{{data}, tags: '{task.tags}'}}", *(f"tags.{key}={value}" for key, value in given.items())]


def cost(task: Task, repeats: int = 7) -> str:
    """Time whole training steps (losses and their gradients) of a full batch of the recipe, in processor seconds."""
    torch.set_num_threads(1)
    steps: dict[str, Callable[[], object]] = {}
    for name, tags in list(ROWS.items())[:3]:
        recipe = load_recipe(RECIPE, settings(task, tags, name, 300))
        made = build(recipe, tiles=recipe.optim.batch)
        items = default_collate([made.train[index] for index in range(recipe.optim.batch)])
        module = cast(TagsModule, made.module)
        steps[name] = partial(_step, module, module.collated(items))
    took: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(repeats + 1):
        for name, step in steps.items():
            started = time.process_time()
            step()
            if repeat:  # the first ones warm up
                took[name].append(time.process_time() - started)
    medians = {name: statistics.median(values) for name, values in took.items()}
    lines = ["| method | step | of ToCo's |", "|---|---|---|"]
    lines += [f"| {name} | {value:.2f} s | {value / medians['ToCo']:.2f} |" for name, value in medians.items()]
    return "\n".join(lines) + "\n"


def _step(module: TagsModule, batch: TagBatch) -> None:
    module.zero_grad()
    tag_losses(module.network, batch, module.plan, mapped=True)["loss"].backward()


def _stage(result: dict, stage: str) -> float | None:
    return result["tags"]["scores"][stage]["pixel-pooled"]["values"]["miou"] if result.get("tags") else None


STAGES: dict[str, Callable[[dict], float | None]] = {
    "cam": lambda result: _stage(result, "cam"),
    "pseudo": lambda result: _stage(result, "pseudo"),
    "map": lambda result: result["scores"]["pixel-pooled"]["values"]["miou"],
    "ap": lambda result: result["tags"]["tag_ap"] if result.get("tags") else None,
}


def table(rows: Iterable[tuple[str, list[dict]]]) -> str:
    """Return the Markdown table: mean, deviation and values over seeds."""
    lines = ["| row | seeds | CAM | pseudo label | map | AP of the tags | training |", "|---|---|---|---|---|---|---|"]
    for name, results in rows:
        cells = [spread([STAGES[stage](result) for result in results]) for stage in STAGES]
        seconds = statistics.mean(result["seconds"] for result in results)
        lines.append(f"| {name} | {len(results)} | {' | '.join(cells)} | {seconds:.0f} s |")
    return "\n".join(lines) + "\n"


def spread(values: list[float | None]) -> str:
    """Return mean, standard deviation and the values themselves."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.3f}"
    return f"{statistics.mean(known):.3f} ± {statistics.stdev(known):.3f} ({', '.join(f'{v:.3f}' for v in known)})"


def _cut(source: Path, mask: Path, out: Path, stem: str) -> list[tuple[Path, Path]]:
    """Cut an image and its mask into whole crops; those that exist are kept."""
    with Image.open(source) as opened, Image.open(mask) as labels:
        image, marks = opened.convert("RGB"), labels.convert("RGB")
    found = []
    for top in range(0, min(image.height, marks.height) - SIDE + 1, SIDE):
        for left in range(0, min(image.width, marks.width) - SIDE + 1, SIDE):
            paths = [out / kind / f"{stem}_{top}_{left}.png" for kind in ("images", "masks")]
            for path, whole in zip(paths, (image, marks), strict=True):
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    whole.crop((left, top, left + SIDE, top + SIDE)).save(path)
            found.append((paths[0], paths[1]))
    return found


def _pairs(path: Path, rows: list[tuple[Path | str, ...]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split"])
        writer.writerows([*(Path(file).resolve() for file in files), part] for *files, part in rows)
    return path.resolve()


def _task(classes: str, train: list[tuple[Path, Path]], test: list[tuple[Path, Path]], out: Path) -> Task:
    """Write the lists of pairs, and the tags of all their images."""
    # The validation scores steer nothing (the last weights are kept); a few crops are enough for them.
    step = len(train) // SPARE
    parts = ["val" if number % step == step // 2 else "train" for number in range(len(train))]
    tags = out / "tags.csv"
    if not tags.exists():
        folders = sorted({str(path.parent.resolve()) for pair in (*train, *test) for path in pair[1:]})
        images = sorted({str(path.parent.resolve()) for path, _ in (*train, *test)})
        made = (
            ["--images", *images] if len(images) == 1 else [word for folder in images for word in ("--images", folder)]
        )
        masks = [word for folder in folders for word in ("--from-masks", folder)]
        run("prepare", "tags", *masks, *made, "--legend", classes, "--min-share", str(MIN_SHARE), "-o", str(tags))
    return Task(
        classes,
        train=_pairs(out / "train.csv", [(*pair, part) for pair, part in zip(train, parts, strict=True)]),
        test=_pairs(out / "test.csv", [(*pair, "test") for pair in test]),
        tags=tags.resolve(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with dubai_hitl")
    parser.add_argument("--set", dest="name", choices=("world", "dubai"), default="world")
    parser.add_argument("--out", type=Path, default=Path("runs/tags"))
    parser.add_argument("--only", nargs="+", help="rows to train; by default the four main ones")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--cost", action="store_true", help="time single training steps instead")
    arguments = parser.parse_args()
    out = arguments.out / arguments.name
    out.mkdir(parents=True, exist_ok=True)
    task = {"world": world, "dubai": dubai}[arguments.name](arguments.data, out)
    parts = {**ROWS, **{name: {**ROWS["ATSG"], **tags} for name, tags in SWITCHES.items()}}
    if arguments.cost:
        sys.stdout.write(cost(task))
        return
    rows = []
    for name in arguments.only or list(ROWS):
        rows.append(
            (name, [score_row(task, parts[name], name, seed, arguments.steps, out) for seed in arguments.seeds])
        )
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
