"""Building change learnt from synthetic pairs, against plain ways to find it.

    python benchmarks/change.py [--out runs/change] [--only NAME ...] [--seeds 0 1] [--steps 300] [--dubai FOLDER]

Trained on pairs of one synthetic world through `recipes/change-quick.yaml`, tested on pairs of another: another kind of
place, another camera. Beside it a U-Net on the stacked bands of both dates, and differences of grey levels. `--dubai`
adds the only real pair at hand (the folder `dubai_hitl`): its change is not known, so that what is told is how far maps
agree with the labels of the two dates where these differ. Finished runs are kept. Prints Markdown tables.
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

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from skimage.exposure import match_histograms
from skimage.filters import threshold_otsu

RECIPE = Path(__file__).parent.parent / "recipes" / "change-quick.yaml"
ROWS = {
    "network change": [],
    "U-Net on stacked dates": ["network={name: 'smp:unet:tu-mobilenetv2_100'}"],
}
WORLD = {"--scenes": 24, "--size": 512, "--gsd": 0.5, "--seed": 11}
OTHER = {"--scenes": 8, "--size": 512, "--gsd": 0.5, "--seed": 77, "--style": "urban", "--sensor": "hazy"}
CROPS = {4: (1500, 0, 1797, 1300), 8: (0, 2350, 1900, 1400)}
"""x, y, width and height of the ground that tiles 4 and 8 of Dubai share (overlaps.json)."""
AFFINE = rasterio.Affine(1.02800085, -0.00281972215, -152.56506, 0.00172179359, 0.99830786, 83.898486)
"""From pixels of the crop of tile 4 to those of tile 8 (overlaps.json)."""
BUILDING, UNLABELLED = (60, 16, 152), [(155, 155, 155), (0, 0, 0)]
MIDDLE = (475, 350, 950, 700)
"""x, y, width and height of the part of tile 8's crop that is mapped: its middle."""
GSD = 1.0
"""Metres per pixel of the Dubai tiles, an estimate; the pair is enlarged to the 0.5 m that the networks know."""


def run(*arguments: str) -> None:
    """Run the command line."""
    done = subprocess.run([sys.executable, "-m", "landwright", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"landwright {' '.join(arguments)} ended with {done.returncode}")


def make_world(folder: Path, options: dict[str, object]) -> Path:
    """Make a world, unless that was done."""
    if not (folder / "tags.csv").exists():
        run("data", "make-world", "-o", str(folder), *(str(word) for pair in options.items() for word in pair))
    return folder


def triples(world: Path) -> list[tuple[Path, Path, Path]]:
    """Return image, earlier image and mask of every scene."""
    names = sorted(path.name for path in (world / "opt").glob("*.tif"))
    return [(world / "opt" / name, world / "pre_opt" / name, world / "gt_cd_mask" / name) for name in names]


def train(name: str, seed: int, steps: int, world: Path, out: Path) -> Path:
    """Train one row with one seed, unless that was done."""
    slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    folder = out / f"{slug}-{steps}-{seed}"
    if not (folder / "seconds.txt").exists():
        started = time.monotonic()
        where = {"images": "opt", "before": "pre_opt", "labels": "gt_cd_mask"}
        settings = [f"data.{key}={world / sub}/*.tif" for key, sub in where.items()]
        settings += [*ROWS[name], f"optim.steps={steps}"]
        sets = [word for setting in settings for word in ("--set", setting)]
        resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
        run("train", str(RECIPE), "-o", str(folder), "--seed", str(seed), *sets, *resume)
        (folder / "seconds.txt").write_text(f"{time.monotonic() - started:.0f}")
    return folder


def score_model(model: Path, pairs: Path, report: Path, *words: str) -> dict:
    """Score a model on pairs of images; returns the scores of change."""
    if not (report / "metrics.json").exists():
        run("evaluate", "--model", str(model), "--pairs", str(pairs), "-o", str(report), *words)
    return _change(report)


def score_grey(test: list[tuple[Path, Path, Path]], out: Path, *, matched: bool) -> dict:
    """Score the difference of grey levels, cut in two by Otsu's threshold for every scene."""
    folder = out / ("grey-matched" if matched else "grey")
    folder.mkdir(exist_ok=True)
    for image, before, _ in test:
        with rasterio.open(image) as after_file, rasterio.open(before) as before_file:
            profile = after_file.profile
            later, earlier = (file.read().astype(np.float32) for file in (after_file, before_file))
        write(folder / image.name, grey_change(earlier, later, matched=matched), profile)
    report = folder / "report"
    maps = [str(folder / image.name) for image, *_ in test]
    references = str(test[0][2].parent)
    run("evaluate", *maps, "--against", references, "--legend", "building-change", "-o", str(report))
    return _change(report)


def grey_change(before: np.ndarray, after: np.ndarray, *, matched: bool) -> np.ndarray:
    """Return 255 where mean grey levels of two images (C, H, W) differ by more than Otsu's threshold, else 0."""
    if matched:
        before = match_histograms(before, after, channel_axis=0)
    difference = np.abs(before.mean(0) - after.mean(0))
    return np.where(difference > threshold_otsu(difference), np.uint8(255), np.uint8(0))


def write(path: Path, array: np.ndarray, profile: dict) -> None:
    """Write a raster (H, W) or (C, H, W), with the grid of a profile."""
    array = array if array.ndim == 3 else array[None]
    grid = {key: profile[key] for key in ("crs", "transform") if key in profile}
    size = {"count": len(array), "height": array.shape[1], "width": array.shape[2], "dtype": array.dtype.name}
    with rasterio.open(path, "w", driver="GTiff", compress="deflate", **grid, **size) as file:
        file.write(array)


def write_pairs(path: Path, rows: list[tuple[Path, Path, Path]]) -> Path:
    """Write the list of pairs that `evaluate` reads."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "before", "label"])
        writer.writerows([entry.resolve() for entry in row] for row in rows)
    return path


def dubai(root: Path, out: Path) -> tuple[Path, Path, Path]:
    """Write the middle of the pair of Dubai at 0.5 m: tile 8, tile 4, and where their building labels differ."""
    folder = out / "dubai"
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    files = (folder / "tile8.tif", folder / "tile4.tif", folder / "labels" / "tile8.tif")
    if all(path.exists() for path in files):
        return files
    at = rasterio.Affine(GSD, 0, 500000, 0, -GSD, 2800000)
    fine = at @ rasterio.Affine.translation(*MIDDLE[:2]) @ rasterio.Affine.scale(0.5)
    grids = {8: at, 4: at @ AFFINE}
    width, height = MIDDLE[2] * 2, MIDDLE[3] * 2
    where = {"crs": "EPSG:32640", "transform": fine, "width": width, "height": height}  # stands for a place unknown
    images, building, known = {}, {}, {}
    for tile, grid in grids.items():
        x, y, w, h = CROPS[tile]
        picture, mask = (mosaic(root / f"Tile {tile}", kind)[:, y : y + h, x : x + w] for kind in ("images", "masks"))
        label = (mask == np.array(BUILDING)[:, None, None]).all(0).astype(np.uint8)
        unlabelled = [(mask == np.array(colour)[:, None, None]).all(0) for colour in UNLABELLED]
        label[np.any(unlabelled, axis=0)] = 2
        planes = {}
        for name, plane, how in (("rgb", picture, Resampling.bilinear), ("label", label, Resampling.nearest)):
            raw = folder / f"raw-{name}{tile}.tif"
            write(raw, plane, {"crs": "EPSG:32640", "transform": grid})
            with rasterio.open(raw) as file, WarpedVRT(file, resampling=how, add_alpha=True, **where) as warped:
                planes[name], covered = warped.read()[:-1], warped.read()[-1] > 0
        images[tile], building[tile] = planes["rgb"] * covered, planes["label"][0] == 1
        known[tile] = covered & (planes["label"][0] != 2)
    both = known[4] & known[8]
    differ = np.where(building[4] != building[8], np.uint8(255), np.uint8(0))
    for path, array in zip(files, (images[8], images[4], np.where(both, differ, np.uint8(254))), strict=True):
        write(path, array, where)
    return files


def mosaic(tile: Path, kind: str) -> np.ndarray:
    """Join the nine parts of a tile, cut to the smallest height of a row and the smallest width, as uint8 (3, H, W)."""
    parts = []
    for path in sorted((tile / kind).iterdir()):
        with rasterio.open(path) as file:
            part = file.read()
            if len(part) == 1:
                colours = file.colormap(1)
                table = np.array([colours.get(code, (0, 0, 0))[:3] for code in range(256)], np.uint8)
                part = table[part[0]].transpose(2, 0, 1)
        parts.append(part[:3])
    rows = []
    for row in (parts[0:3], parts[3:6], parts[6:9]):
        height = min(part.shape[1] for part in row)
        rows.append(np.concatenate([part[:, :height] for part in row], axis=2))
    width = min(row.shape[2] for row in rows)
    return np.concatenate([row[:, :, :width] for row in rows], axis=1)


def chance(share: float) -> dict:
    """Return the scores of calling everything changed."""
    return {"iou": share, "f1": 2 * share / (1 + share), "precision": share, "recall": 1.0}


def table(rows: list[tuple[str, list[dict]]]) -> str:
    """Return the Markdown table of the class `changed`: mean, deviation and values over seeds."""
    keys = ("iou", "f1", "precision", "recall")
    lines = ["| row | seeds | IoU | F1 | precision | recall |", "|---|---|---|---|---|---|"]
    for name, results in rows:
        cells = [spread([result[key] or 0.0 for result in results], each=key in keys[:2]) for key in keys]
        lines.append(f"| {name} | {len(results)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def spread(values: list[float], *, each: bool) -> str:
    """Return mean and, for more than one value, deviation and where wanted the values themselves."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    shown = f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"
    return shown + (f" ({', '.join(f'{value:.3f}' for value in values)})" if each else "")


def _change(report: Path) -> dict:
    scores = json.loads((report / "metrics.json").read_text())["scores"]["pixel-pooled"]
    return next(row for row in scores["per_class"] if row["name"] == "changed")


def _share(masks: list[Path]) -> float:
    changed = known = 0
    for path in masks:
        with rasterio.open(path) as file:
            mask = file.read(1)
        changed, known = changed + int((mask == 255).sum()), known + int((mask != 254).sum())
    return changed / known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/change"))
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), help="rows to train")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--dubai", type=Path, help="folder dubai_hitl")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    world, other = make_world(out / "world", WORLD), make_world(out / "other", OTHER)
    sets = {"report-other": triples(other)}
    if arguments.dubai is not None:
        sets["report-dubai"] = [dubai(arguments.dubai, out)]
    models = {
        name: [train(name, seed, arguments.steps, world, out) for seed in arguments.seeds] for name in arguments.only
    }
    for report, test in sets.items():
        folder = out / report.removeprefix("report-")
        pairs = write_pairs(out / f"{report}.csv", test)
        rows = [("everything changed", [chance(_share([mask for *_, mask in test]))])]
        rows += [
            (f"grey levels, Otsu{', histograms matched' * matched}", [score_grey(test, folder, matched=matched)])
            for matched in (False, True)
        ]
        rows += [(name, [score_model(run, pairs, run / report) for run in runs]) for name, runs in models.items()]
        sys.stdout.write(f"{report}\n\n{table(rows)}\n")


if __name__ == "__main__":
    main()
