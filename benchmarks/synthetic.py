"""Regime `synthetic` against training on the synthetic scenes alone, and against itself with parts left out.

    python benchmarks/synthetic.py [--set world|feature|heights|classes] [--data ../shared/data] [--out runs/synthetic]
        [--only NAME ...] [--seeds 0 1 2] [--steps 400]

`world`: labelled scenes of one world, unlabelled ones of another (other style, camera and ground sampling distance),
scored on 16 scenes of the latter that no run sees. `feature`: the same with a U-Net on an encoder with ImageNet
weights, which a feature constraint can hold to them. `heights`: scenes of all styles, adapted to the western part of a
real image without labels, scored against LiDAR heights of its eastern part. `classes`: adapted to the real training
tiles of Dubai without labels, scored on its test tiles in classes that both have. Every row has the same tiles, steps
and seeds, through the command line and `recipes/synthetic-quick.yaml`. Finished runs are kept, so that an interrupted
benchmark goes on where it stopped. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rasterio
from rasterio.windows import Window

RECIPE = Path(__file__).parent.parent / "recipes" / "synthetic-quick.yaml"
ENCODER = "weights/mobilenetv2_100_imagenet_int8deq_fp16.safetensors"
SCENES, SEEN = 48, 32
SOURCE = {"--style": "edge", "--family": "grid_g05_mid", "--gsd": "0.5", "--seed": "11"}
OTHER = {"--style": "suburb", "--family": "grid_g1_mid", "--gsd": "0.7", "--seed": "12", "--sensor": "hazy"}
ANY_STYLE = {"--family": "grid_g05_mid", "--gsd": "0.5", "--seed": "13"}
COARSER = {"--family": "grid_g1_mid", "--gsd": "1.0", "--seed": "14"}
ALONE = "target=[]"
ROWS = {
    "source-only": [ALONE],
    "RS3DAda": [],
    "style transfer alone": ["synthetic.adapt=false"],
    "without style transfer": ["synthetic.style=[]"],
    "without mixing": ["synthetic.mix=none"],
    "without ground-guided refinement": ["synthetic.raised=[]"],
}
WEST, EAST = slice(0, 911), slice(987, 1328)
"""Columns of the real image to adapt to and to score on."""


@dataclass(frozen=True)
class Task:
    """One comparison: what is added to the recipe, its rows, and what is scored."""

    settings: list[str]
    rows: dict[str, list[str]]
    test: Path
    columns: dict[str, str]
    evaluate: list[str] = field(default_factory=list)


CLASSES = {"mIoU": "pixel-pooled miou", "OA": "pixel-pooled oa"}
HEIGHTS = {
    "MAE (m)": "pooled-height mae",
    "RMSE (m)": "pooled-height rmse",
    "MAE above 3 m": "pooled-height mae_high",
    "correlation": "pooled-height correlation",
}


def world(_data: Path, out: Path) -> Task:
    """One world learnt, another one mapped."""
    source, other = make_world(out / "source", SOURCE), make_world(out / "other", OTHER)
    names = sorted(path.name for path in (other / "opt").glob("*.tif"))
    test = [{kind: other / folder / name for kind, folder in FOLDERS.items()} for name in names[SEEN:]]
    settings = [*source_settings(source), f"target.images={listed(out / 'target.txt', other / 'opt', names[:SEEN])}"]
    return Task(settings, ROWS, pairs(out / "test.csv", test), CLASSES | HEIGHTS)


def feature(data: Path, out: Path) -> Task:
    """The same worlds, with an encoder that knows real photographs."""
    task = world(data, out)
    rows = {"source-only": [ALONE], "RS3DAda": [], "without the feature constraint": ["synthetic.feature=0"]}
    return Task([*task.settings, *unet(data)], rows, task.test, task.columns)


def unet(data: Path) -> list[str]:
    """Return the settings of a U-Net on an encoder with ImageNet weights."""
    weights = (data / ENCODER).resolve()
    return [f"network={{name: 'smp:unet:tu-mobilenetv2_100', heads: both, weights: '{weights}'}}", "data.tile=128"]


def real_rows(data: Path) -> dict[str, list[str]]:
    """Return the rows of a real set."""
    both = {"source-only": [ALONE], "RS3DAda": []}
    return both | {f"{name}, U-Net with ImageNet weights": [*row, *unet(data)] for name, row in both.items()}


def heights(data: Path, out: Path) -> Task:
    """The world learnt, Autzen mapped: heights."""
    source = make_world(out / "source", ANY_STYLE)
    image, truth = data / "autzen" / "rgb.tif", data / "autzen" / "ndsm.tif"
    west = cut(image, out / "west.tif", WEST)
    test = [{"image": cut(image, out / "east.tif", EAST), "height": cut(truth, out / "east_height.tif", EAST)}]
    settings = [*source_settings(source), f"target.images={west}"]
    return Task(settings, real_rows(data), pairs(out / "test.csv", test), HEIGHTS)


def classes(data: Path, out: Path) -> Task:
    """The world learnt, Dubai mapped: land cover."""
    source = make_world(out / "source", COARSER)
    root = data / "dubai_hitl"
    parts = {"train": (4, 6, 7, 8), "test": (1, 3)}
    images = {
        part: [path for tile in tiles for path in sorted((root / f"Tile {tile}/images").glob("*.jpg"))]
        for part, tiles in parts.items()
    }
    test = [{"image": path, "label": path.parent.parent / "masks" / f"{path.stem}.png"} for path in images["test"]]
    settings = [*source_settings(source), f"target.images={listed(out / 'target.txt', None, images['train'])}"]
    evaluate = ["--merge", "openearthmap-8-to-dubai-6"]
    return Task(settings, real_rows(data), pairs(out / "test.csv", test), CLASSES, evaluate)


FOLDERS = {"image": "opt", "label": "gt_ss_mask", "height": "gt_nDSM"}


def make_world(folder: Path, options: dict[str, str]) -> Path:
    """Make a world unless it is there."""
    if not (folder / "tags.csv").exists():
        words = [word for pair in options.items() for word in pair]
        run("data", "make-world", "-o", str(folder), "--scenes", str(SCENES), "--size", "256", *words)
    return folder.resolve()


def source_settings(source: Path) -> list[str]:
    """Return the settings that name the labelled scenes."""
    keys = {"images": "opt", "labels": "gt_ss_mask", "heights": "gt_nDSM"}
    return [f"data.{key}={source / name}" for key, name in keys.items()]


def listed(path: Path, folder: Path | None, names: Sequence[str | Path]) -> Path:
    """Write a list of images."""
    path.write_text("".join(f"{Path(name).resolve() if folder is None else folder / name}\n" for name in names))
    return path.resolve()


def pairs(path: Path, rows: list[dict[str, Path]]) -> Path:
    """Write a list of images with their references."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, FOLDERS)
        writer.writeheader()
        writer.writerows({kind: found.resolve() for kind, found in row.items()} for row in rows)
    return path


def cut(source: Path, out: Path, columns: slice) -> Path:
    """Write some columns of a raster."""
    if not out.exists():
        with rasterio.open(source) as file:
            window = Window(columns.start, 0, columns.stop - columns.start, file.height)
            profile = {**file.profile, "width": window.width, "transform": file.window_transform(window)}
            with rasterio.open(out, "w", **profile) as target:
                target.write(file.read(window=window))
    return out.resolve()


def run(*arguments: str) -> None:
    """Run the command line."""
    done = subprocess.run([sys.executable, "-m", "landwright", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")


def score(task: Task, name: str, seed: int, steps: int, out: Path) -> dict[str, float]:
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
        where = ["--pairs", str(task.test), *task.evaluate]
        run("evaluate", "--model", str(folder), *where, "-o", str(folder / "report"))
    found = json.loads(metrics.read_text())
    scores = {**found["scores"], **(found["heights"] or {}).get("scores", {})}
    figures = {}
    for title, place in task.columns.items():
        protocol, figure = place.split()
        figures[title] = scores[protocol]["values"][figure]
    return {**figures, "training (s)": float((folder / "seconds.txt").read_text())}


def table(rows: Iterable[tuple[str, list[dict[str, float]]]]) -> str:
    """Return the Markdown table: mean, deviation and values over seeds."""
    lines: list[str] = []
    for name, results in rows:
        titles = list(results[0])
        if not lines:
            lines += [f"| row | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
        cells = [spread([result[title] for result in results], exact=title != "training (s)") for title in titles]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def spread(values: list[float], *, exact: bool) -> str:
    """Return mean, standard deviation and the values themselves."""
    if not exact:
        return f"{statistics.mean(values):.0f}"
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f} ({', '.join(f'{v:.3f}' for v in values)})"


def main() -> None:
    tasks = {"world": world, "feature": feature, "heights": heights, "classes": classes}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", dest="name", choices=tuple(tasks), default="world")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with the real images")
    parser.add_argument("--out", type=Path, default=Path("runs/synthetic"))
    parser.add_argument("--only", nargs="+", help="rows to train")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    out = arguments.out / arguments.name
    out.mkdir(parents=True, exist_ok=True)
    task = tasks[arguments.name](arguments.data, out)
    rows = (
        (name, [score(task, name, seed, arguments.steps, out) for seed in arguments.seeds])
        for name in arguments.only or task.rows
    )
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
