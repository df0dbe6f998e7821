"""Regime `coarse` against the coarse product itself, a U-Net, and itself with parts left out.

    python benchmarks/coarse.py --data ../shared/data [--set chesapeake|world] [--out runs/coarse] [--only NAME ...]
        [--seeds 0 1 2] [--steps 300]

`chesapeake`: NAIP patches of 1 m with NLCD (30 m) as the only labels, scored against the land cover of 1 m of another
tile. `world`: synthetic scenes of 0.5 m with their coarse product (20 m, 10 % outdated), scored on scenes that were not
trained on. Every row has the same tiles, steps and seeds, through the command line and `recipes/coarse-quick.yaml`.
Finished runs are kept, so that an interrupted benchmark goes on where it stopped. Prints a Markdown table.
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
import rasterio
from rasterio.vrt import WarpedVRT

RECIPE = Path(__file__).parent.parent / "recipes" / "coarse-quick.yaml"
UNET = "network={name: 'smp:unet:tu-mobilenetv2_100'}"
PLAIN = "coarse={plat: false, class_weights: balanced}"
BANDS, LAND_COVER, NLCD = slice(0, 4), 8, 9
SCENES, TEST_SCENES = 24, 8


@dataclass(frozen=True)
class Task:
    """One data set: what is added to the recipe, the lists of pairs, and how scores are asked for."""

    settings: list[str]
    rows: dict[str, list[str]]
    train: Path
    test: Path
    products: Path
    protocol: str
    crosswalk: list[str]


def chesapeake(data: Path, out: Path) -> Task:
    """Write the patches as GeoTIFFs: image, NLCD and land cover."""
    root = data / "chesapeake_patches"
    rows: dict[str, list[tuple[Path, ...]]] = {"train": [], "val": []}
    for part, found in rows.items():
        for source in sorted((root / part).glob("*.npz")):
            with np.load(source) as file:
                patch = file[file.files[0]][0]
            named = {"image": patch[BANDS], "nlcd": patch[[NLCD]], "lc": patch[[LAND_COVER]]}
            files = [out / "patches" / kind / f"{source.stem}.tif" for kind in named]
            for path, array in zip(files, named.values(), strict=True):
                if not path.exists():  # another row may be reading it
                    _write(path, array.astype(np.uint8))
            found.append(tuple(files))
    # The validation scores steer nothing (the last weights are kept); one patch of pure forest is enough for them.
    spare = next(number for number, (image, *_) in enumerate(rows["train"]) if image.stem.endswith("-2"))
    train = [
        (image, nlcd, "val" if number == spare else "train") for number, (image, nlcd, _) in _listed(rows["train"])
    ]
    merge = "nlcd-to-chesapeake-4"
    data_section = f"pairs: '{out / 'train.csv'}', split: {{by: column}}, tile: 128, balance: 0.5, crosswalk: {merge}"
    prior = f"prior: {merge}"
    return Task(
        settings=["classes=chesapeake-4", f"data={{{data_section}}}"],
        rows={
            "regime coarse": [f"coarse={{class_weights: balanced, {prior}}}"],
            "the same, PLAT off": [f"coarse={{plat: false, class_weights: balanced, {prior}}}"],
            "U-Net on the coarse labels": [UNET, PLAIN],
            "U-Net with the prior": [UNET, f"coarse={{plat: false, class_weights: balanced, {prior}}}"],
            "regime without the prior": ["coarse={class_weights: balanced}"],
            "regime without class weights": [f"coarse={{{prior}}}"],
            "regime, agreed labels counted as published": [
                f"coarse={{class_weights: balanced, keep_shares: false, {prior}}}"
            ],
            "regime with L2HNet's extras": [
                f"coarse={{class_weights: balanced, {prior}, confident_area: true, vague_area: 0.01}}"
            ],
        },
        train=_pairs(out / "train.csv", train),
        test=_pairs(out / "test.csv", [(image, lc, "test") for image, _, lc in rows["val"]]),
        products=_pairs(out / "products.csv", [(nlcd, lc, "test") for _, nlcd, lc in rows["val"]]),
        protocol="chesapeake-4",
        crosswalk=["--crosswalk", "chesapeake-lc-to-chesapeake-4"],
    )


def world(_data: Path, out: Path) -> Task:
    """Make the world, and its coarse product on the grid of the images."""
    if not (out / "world" / "tags.csv").exists():
        options = {"--scenes": SCENES, "--size": 512, "--gsd": 0.5, "--coarse-gsd": 20, "--seed": 11}
        run("data", "make-world", "-o", str(out / "world"), *(str(word) for pair in options.items() for word in pair))
    files = []
    for image in sorted((out / "world" / "opt").glob("*.tif")):
        coarse, reference = (out / "world" / folder / image.name for folder in ("coarse", "gt_ss_mask"))
        files.append((image, coarse, reference, _upsampled(coarse, reference, out / "upsampled" / image.name)))
    apart = SCENES - TEST_SCENES
    train = [
        (image, coarse, "val" if number == 0 else "train") for number, (image, coarse, *_) in _listed(files[:apart])
    ]
    data_section = f"pairs: '{out / 'train.csv'}', split: {{by: column}}, tile: 128"
    return Task(
        settings=["classes=openearthmap-8", f"data={{{data_section}}}"],
        rows={
            "regime coarse": ["coarse={class_weights: balanced}"],
            "the same, PLAT off": [PLAIN],
            "U-Net on the coarse labels": [UNET, PLAIN],
            "U-Net in the regime": [UNET, "coarse={class_weights: balanced}"],
            "regime without class weights": ["coarse={plat: true}"],
            "regime, agreed labels counted as published": ["coarse={class_weights: balanced, keep_shares: false}"],
            "regime with L2HNet's extras": ["coarse={class_weights: balanced, confident_area: true, vague_area: 0.01}"],
        },
        train=_pairs(out / "train.csv", train),
        test=_pairs(out / "test.csv", [(image, reference, "test") for image, _, reference, _ in files[apart:]]),
        products=_pairs(out / "products.csv", [(up, reference, "test") for *_, reference, up in files[apart:]]),
        protocol="pixel-pooled",
        crosswalk=[],
    )


def run(*arguments: str) -> None:
    """Run the command line."""
    done = subprocess.run([sys.executable, "-m", "landwright", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")


def score_products(task: Task, report: Path) -> dict:
    """Score the coarse product itself, one value per pixel of the image."""
    with task.products.open() as file:
        pairs = list(csv.DictReader(file))
    maps = [row["image"] for row in pairs]
    references = str(Path(pairs[0]["label"]).parent)
    merge = (
        ["--legend", "nlcd", "--merge", "nlcd-to-chesapeake-4"] if task.crosswalk else ["--legend", "openearthmap-8"]
    )
    run(
        "evaluate",
        *maps,
        "--against",
        references,
        *merge,
        *task.crosswalk,
        "--protocol",
        task.protocol,
        "-o",
        str(report),
    )
    return json.loads((report / "metrics.json").read_text())["scores"][task.protocol]


def score_row(task: Task, name: str, seed: int, steps: int, out: Path) -> dict:
    """Train one row with one seed, unless that was done, and score it."""
    slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    folder = out / f"{slug}-{steps}-{seed}"
    if not (folder / "seconds.txt").exists():
        started = time.monotonic()
        settings = [*task.settings, *task.rows[name], f"optim.steps={steps}", f"validate.every={steps}"]
        sets = [word for setting in settings for word in ("--set", setting)]
        resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
        run("train", str(RECIPE), "-o", str(folder), "--seed", str(seed), *sets, *resume)
        (folder / "seconds.txt").write_text(f"{time.monotonic() - started:.0f}")
    metrics = folder / "report" / "metrics.json"
    if not metrics.exists():
        where = ["--pairs", str(task.test), *task.crosswalk, "--protocol", task.protocol]
        run("evaluate", "--model", str(folder), *where, "-o", str(folder / "report"))
    result = json.loads(metrics.read_text())["scores"][task.protocol]
    return {**result, "seconds": float((folder / "seconds.txt").read_text())}


def table(rows: Iterable[tuple[str, list[dict]]]) -> str:
    """Return the Markdown table: mean, deviation and values over seeds."""
    lines = ["| row | seeds | mIoU | OA | IoU per class (mean) | training |", "|---|---|---|---|---|---|"]
    for name, results in rows:
        columns = zip(*(result["per_class"] for result in results), strict=True)
        named = ", ".join(
            f"{column[0]['name']} {statistics.mean(row['iou'] or 0 for row in column):.3f}"
            for column in columns
            if any(row["in_mean"] for row in column)
        )
        cells = [spread([result["values"][key] for result in results]) for key in ("miou", "oa")]
        seconds = [result["seconds"] for result in results if "seconds" in result]
        took = f"{statistics.mean(seconds):.0f} s" if seconds else "none"
        lines.append(f"| {name} | {len(seconds) or '-'} | {' | '.join(cells)} | {named} | {took} |")
    return "\n".join(lines) + "\n"


def spread(values: list[float]) -> str:
    """Return mean, standard deviation and the values themselves."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f} ({', '.join(f'{v:.3f}' for v in values)})"


def _listed(rows: list[tuple[Path, ...]]) -> list[tuple[int, tuple[Path, ...]]]:
    return list(enumerate(rows))


def _write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": len(array),
        "height": array.shape[1],
        "width": array.shape[2],
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(array)


def _upsampled(coarse: Path, like: Path, out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(like) as grid, rasterio.open(coarse) as source:
        where = {"crs": grid.crs, "transform": grid.transform, "width": grid.width, "height": grid.height}
        with WarpedVRT(source, **where) as warped, rasterio.open(out, "w", **{**grid.profile, "nodata": 0}) as file:
            file.write(warped.read())
    return out


def _pairs(path: Path, rows: list[tuple[Path | str, ...]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split"])
        writer.writerows([*(Path(file).resolve() for file in files), part] for *files, part in rows)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with chesapeake_patches")
    parser.add_argument("--set", dest="name", choices=("chesapeake", "world"), default="chesapeake")
    parser.add_argument("--out", type=Path, default=Path("runs/coarse"))
    parser.add_argument("--only", nargs="+", help="rows to train")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    out = arguments.out / arguments.name
    out.mkdir(parents=True, exist_ok=True)
    task = {"chesapeake": chesapeake, "world": world}[arguments.name](arguments.data, out)
    rows = [("coarse product, upsampled", [score_products(task, out / "products")])]
    for name in arguments.only or list(task.rows)[:3]:
        rows.append((name, [score_row(task, name, seed, arguments.steps, out) for seed in arguments.seeds]))
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
