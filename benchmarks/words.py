"""Regime `words` on real imagery: a small dual encoder learns from tags and boxes of masks, then maps by words.

    python benchmarks/words.py --part dubai --data ../shared/data --out runs/words [--steps 500] [--seed 0]

It trains `recipes/words-quick.yaml` (an image tower of 4 blocks and a text tower of 3, both from random weights) on
tiles of 128 pixels of the train part, on one thread, and maps the test part by the words of the classes through
`landwright predict`'s own engine (`landwright evaluate`).

What it shows is the machinery: tags, boxes, losses, checkpoints, words to maps. It shows nothing of FarSLIP's accuracy,
which comes from weights that saw hundreds of millions of captioned images and cannot be had here; and an encoder that
has read five words knows no sixth.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio

from landwright.legends import Legend, load_legend

RECIPE = Path(__file__).parent.parent / "recipes" / "words-quick.yaml"
MAJORITY = 0.111
"""mIoU of the test part where every pixel gets the most frequent class."""


def dubai(root: Path, out: Path) -> Path:
    """Write the parts as tiled GeoTIFFs, of which a window is read quickly, and the fixed split as a pairs file."""
    legend = load_legend("dubai-6")
    split = {row["tile"]: row for row in csv.DictReader((root / "splits.csv").open())}
    pairs = out / "dubai.csv"
    lines = [("image", "label", "split", "group")]
    for tile, row in split.items():
        for image in sorted((root / f"Tile {tile}" / "images").glob("*.jpg")):
            name = f"{tile}-{image.stem}.tif".replace(" ", "")
            for kind, source in (("images", image), ("labels", image.parent.parent / "masks" / f"{image.stem}.png")):
                copy(source, out / kind / name, None if kind == "images" else legend)
            lines.append((f"images/{name}", f"labels/{name}", row["split"], row["group"]))
    with pairs.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return pairs


def copy(source: Path, target: Path, legend: Legend | None) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(source) as handle:
        values = handle.read()
        if legend is not None:
            if handle.count == 1:  # a palette
                table = np.zeros((256, 3), np.uint8)
                for index, colour in handle.colormap(1).items():
                    table[index] = colour[:3]
                values = np.moveaxis(table[values[0]], -1, 0)
            values = legend.decode(legend.encode_rgb(values[:3]))[None]
    profile = {"count": len(values), "height": values.shape[1], "width": values.shape[2], "dtype": "uint8"}
    with rasterio.open(target, "w", driver="GTiff", tiled=True, blockxsize=128, blockysize=128, **profile) as handle:
        handle.write(values)


def run(*arguments: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "landwright", *arguments], check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("dubai",), default="dubai")
    parser.add_argument("--data", type=Path, required=True, help="folder with dubai_hitl")
    parser.add_argument("--out", type=Path, default=Path("runs/words"))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", dest="settings", action="append", default=[], help="change the recipe")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    pairs = dubai(arguments.data / "dubai_hitl", out)
    folder = out / f"dubai-{arguments.steps}-{arguments.seed}"
    settings = [
        "classes=dubai-6",
        f"data={{pairs: '{pairs}', split: {{by: column}}, tile: 128, balance: 0.5}}",
        f"optim.steps={arguments.steps}",
        f"validate.every={max(1, arguments.steps // 5)}",
        *arguments.settings,
    ]
    if not (folder / "bundle").exists():
        sets = [part for setting in settings for part in ("--set", setting)]
        resume = ["--resume"] if folder.exists() else []
        run("train", str(RECIPE), "-o", str(folder), "--seed", str(arguments.seed), *sets, *resume)
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        (folder / "seconds.txt").write_text(f"{spent.ru_utime + spent.ru_stime:.0f}")
    report = folder / "report"
    if not (report / "metrics.json").exists():
        run("evaluate", "-m", str(folder), "--pairs", str(pairs), "--part", "test", "-o", str(report))
    result = json.loads((report / "metrics.json").read_text())["scores"]["pixel-pooled"]
    classes = ", ".join(f"{row['name']} {row['iou'] or 0:.3f}" for row in result["per_class"])
    seconds = (folder / "seconds.txt").read_text()
    sys.stdout.write(
        "| part | steps | mIoU | majority class | OA | per class IoU | processor seconds |\n"
        "|---|---|---|---|---|---|---|\n"
        f"| dubai | {arguments.steps} | {result['values']['miou']:.3f} | {MAJORITY} | {result['values']['oa']:.3f} | "
        f"{classes} | {seconds} |\n"
    )


if __name__ == "__main__":
    main()
