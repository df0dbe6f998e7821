"""Regime `masks` on real imagery: the same recipe, steps and seeds for several networks.

    python benchmarks/masks.py --data ../shared/data --out runs/masks [--networks ...] [--seeds 0 1 2] [--steps 300]

Trains with `recipes/masks-quick.yaml` through the command line, scores the test part and prints a Markdown table.
Finished runs are kept, so that an interrupted benchmark goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RECIPE = Path(__file__).parent.parent / "recipes" / "masks-quick.yaml"
NETWORKS = {
    "clcformer (compact)": ["network={name: clcformer, encoder: compact}"],
    "smp:unet:tu-mobilenetv2_100": ["network={name: 'smp:unet:tu-mobilenetv2_100'}"],
    "smp:segformer:tu-mobilenetv2_100": ["network={name: 'smp:segformer:tu-mobilenetv2_100'}"],
}


def dubai(root: Path, out: Path) -> list[str]:
    """Write the fixed split as a pairs file and return the recipe's data settings."""
    split = {row["tile"]: row for row in csv.DictReader((root / "splits.csv").open())}
    pairs = out / "dubai.csv"
    with pairs.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split", "group"])
        for tile, row in split.items():
            for image in sorted((root / f"Tile {tile}" / "images").glob("*.jpg")):
                label = image.parent.parent / "masks" / f"{image.stem}.png"
                writer.writerow([image.resolve(), label.resolve(), row["split"], row["group"]])
    return ["classes=dubai-6", f"data={{pairs: '{pairs}', split: {{by: column}}, tile: 224, balance: 0.5}}"]


def kampala(root: Path, out: Path) -> list[str]:
    """One training mosaic with polygons, validation from spatial blocks of it, and the fixed test mosaic."""
    pairs = out / "kampala.csv"
    with pairs.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split"])
        writer.writerow([(root / "train.tif").resolve(), (root / "train_buildings.geojson").resolve(), "train"])
    split = "{by: block, block: 512, val: 0.2}"
    return ["classes=building", f"data={{pairs: '{pairs}', burn: building, split: {split}, tile: 224}}"]


def run(*arguments: str) -> str:
    """Run the command line and return what it wrote to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "landwright", *arguments], check=False, text=True, stdout=subprocess.PIPE
    )
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def score(folder: Path, data: str, root: Path, pairs: Path) -> dict[str, float]:
    """Score a finished run on the fixed test part and return the pooled figures."""
    metrics = folder / "report" / "metrics.json"
    if not metrics.exists():
        where = (
            ["--pairs", str(pairs), "--part", "test"]
            if data == "dubai"
            else [
                "--images",
                str(root / "test.tif"),
                "--labels",
                str(root / "test_buildings.geojson"),
                "--burn",
                "building",
            ]
        )
        run("evaluate", "-m", str(folder), *where, "-o", str(folder / "report"))
    return json.loads(metrics.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with dubai_hitl, kampala_oam and weights")
    parser.add_argument("--out", type=Path, default=Path("runs/masks"))
    parser.add_argument("--set", dest="name", choices=("dubai", "kampala"), default="dubai")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    weights = (arguments.data / "weights" / "mobilenetv2_100_imagenet_int8deq_fp16.safetensors").resolve()
    root = arguments.data / {"dubai": "dubai_hitl", "kampala": "kampala_oam"}[arguments.name]
    settings = {"dubai": dubai, "kampala": kampala}[arguments.name](root, arguments.out)
    rows = []
    for network in arguments.networks:
        figures, seconds = [], []
        for seed in arguments.seeds:
            folder = arguments.out / f"{arguments.name}-{network.split()[0].replace(':', '-')}-{arguments.steps}-{seed}"
            started = time.monotonic()
            if not (folder / "bundle").exists():
                options = [
                    *settings,
                    *NETWORKS[network],
                    f"network.weights={weights}",
                    f"optim.steps={arguments.steps}",
                ]
                sets = [part for option in options for part in ("--set", option)]
                resume = ["--resume"] if folder.exists() else []
                run("train", str(RECIPE), "-o", str(folder), "--seed", str(seed), *sets, *resume)
                (folder / "seconds.txt").write_text(f"{time.monotonic() - started:.0f}")
            seconds.append(float((folder / "seconds.txt").read_text()))
            figures.append(score(folder, arguments.name, root, arguments.out / f"{arguments.name}.csv"))
        rows.append((network, figures, seconds))
    sys.stdout.write(table(rows))


def table(rows: list[tuple[str, list[dict], list[float]]]) -> str:
    """Return the Markdown table: mean and spread over seeds of every pooled figure."""
    lines = ["| network | seeds | mIoU | OA | per class IoU (mean) | training |", "|---|---|---|---|---|---|"]
    for network, figures, seconds in rows:
        results = [figure["scores"]["pixel-pooled"] for figure in figures]
        classes = [row["name"] for row in results[0]["per_class"]]
        per_class = [
            statistics.mean(result["per_class"][k]["iou"] or 0.0 for result in results) for k in range(len(classes))
        ]
        named = ", ".join(f"{name} {value:.3f}" for name, value in zip(classes, per_class, strict=True))
        cells = [spread([result["values"][key] for result in results]) for key in ("miou", "oa")]
        lines.append(
            f"| {network} | {len(results)} | {' | '.join(cells)} | {named} | {statistics.mean(seconds):.0f} s |"
        )
    return "\n".join(lines) + "\n"


def spread(values: list[float]) -> str:
    """Return mean, standard deviation and the values themselves."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {deviation:.3f} ({', '.join(f'{value:.3f}' for value in values)})"


if __name__ == "__main__":
    main()
