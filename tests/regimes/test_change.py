"""Building change, from pairs of images to a score: regime `masks`, network `change`."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from typer.testing import CliRunner

from landwright.bundles import load_bundle
from landwright.cli.main import app
from landwright.data.scenes import find_scenes
from landwright.data.splits import make_split
from landwright.data.tiles import RandomTiles
from landwright.engine import PredictOptions, predict_raster
from landwright.legends import load_legend
from landwright.recipe import AugmentSpec, DataSpec, Recipe, load_recipe
from landwright.regimes import train
from landwright.regimes.masks import build

SHIPPED = Path(__file__).resolve().parents[2] / "recipes" / "change-quick.yaml"
SMALL = {"features": 8, "out_channels": [8, 8, 8, 8]}


def write(path: Path, array: np.ndarray[Any, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)}
    size = {"count": len(array), "height": array.shape[1], "width": array.shape[2], "dtype": array.dtype}
    with rasterio.open(path, "w", driver="GTiff", **grid, **size) as file:
        file.write(array)


def write_pairs(root: Path, *, count: int = 4, size: int = 96) -> dict[str, str]:
    """Write ground of two dates under other light; bright blocks stand at both, or where something changed at one."""
    rng = np.random.default_rng(3)
    for number in range(count):
        blocks = rng.random((size // 16, size // 16))
        then, now = blocks < 0.45, (blocks > 0.2) & (blocks < 0.6)
        ground = rng.integers(40, 110, (3, size, size))
        for folder, stands, light in (("before", then, 0.8), ("after", now, 1.1)):
            built = np.kron(stands, np.ones((16, 16), bool))
            noise = rng.integers(0, 12, (3, size, size))
            picture = np.where(built, 190, ground) * light + noise
            write(root / folder / f"s{number}.tif", np.clip(picture, 0, 255).astype(np.uint8))
        change = np.kron(then != now, np.ones((16, 16), bool))
        write(root / "masks" / f"s{number}.tif", np.where(change, 255, 0).astype(np.uint8)[None])
    return {"images": str(root / "after"), "before": str(root / "before"), "labels": str(root / "masks")}


def recipe(data: dict[str, Any], *, network: dict[str, Any] | None = None, **sections: Any) -> Recipe:
    document = {
        "regime": "masks",
        "classes": "building-change",
        "data": {"tile": 64, "split": {"val": 0.25}, **data},
        "network": {"name": "change", "encoder": "compact", **SMALL} if network is None else network,
        "optim": {"steps": 2, "batch": 2, "lr": 2e-3, "min_lr": 1e-4},
        "validate": {"tiles": 4},
        **sections,
    }
    return Recipe.model_validate(document)


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, str]:
    return write_pairs(tmp_path / "pairs")


def test_the_experiment_knows_both_dates(pairs: dict[str, str]) -> None:
    experiment = build(recipe(pairs), tiles=4)
    card = experiment.card
    assert (card.dates, card.outputs, card.legend.nodata) == (2, ("classes",), 254)
    assert card.bands == tuple(f"{date} band {band}" for date in ("before", "after") for band in (1, 2, 3))
    assert len(card.normalization.mean) == 6
    sample = experiment.train[0]
    assert sample["image"].shape == (6, 64, 64)
    assert set(sample["mask"].unique().tolist()) <= {0, 1}
    assert experiment.module.eval()(sample["image"][None]).classes.shape == (1, 2, 64, 64)


def test_both_dates_move_alike_and_are_coloured_apart(pairs: dict[str, str], tmp_path: Path) -> None:
    copy = shutil.copytree(pairs["images"], tmp_path / "copy")
    same = DataSpec(images=pairs["images"], before=str(copy), labels=pairs["labels"], tile=32)
    regions = make_split(find_scenes(same), same.split, seed=0).regions("train")

    def tiles(**changes: Any) -> list[torch.Tensor]:
        augment = AugmentSpec(zoom=(0.8, 1.3), **changes)
        data = RandomTiles(regions, same, load_legend("building-change"), length=8, seed=1, augment=augment)
        return [data[index]["image"] for index in range(8)]

    for before, after in (image.chunk(2) for image in tiles()):
        assert torch.equal(before, after)
    for before, after in (image.chunk(2) for image in tiles(colour=0.3)):
        assert not torch.equal(before, after)
        for one, other in zip(before.flatten(1), after.flatten(1), strict=True):  # the same pattern in another tone
            assert torch.corrcoef(torch.stack([one, other]))[0, 1] > 0.999


def test_dates_can_be_swapped_after_training(pairs: dict[str, str], tmp_path: Path) -> None:
    run = train(recipe(pairs), tmp_path / "run", progress=False)
    bundle = load_bundle(run.bundle)
    earlier, later = (Path(pairs[key]) / "s0.tif" for key in ("before", "images"))
    maps = []
    for image, before in ((later, earlier), (earlier, later)):
        path = tmp_path / f"{image.parent.name}.tif"
        predict_raster(bundle, image, path, options=PredictOptions(before=before, device="cpu"))
        with rasterio.open(path) as file:
            assert file.nodata == 254
            maps.append(file.read(1))
    np.testing.assert_array_equal(*maps)
    assert np.isin(maps[0], (0, 255)).all()


@pytest.mark.slow
def test_change_is_learnt_in_few_steps(pairs: dict[str, str], tmp_path: Path) -> None:
    """Everything changed would have an IoU of 0.35 here, and a difference of grey levels sees the light change too."""
    run = train(
        recipe(pairs, optim={"steps": 80, "batch": 4, "lr": 3e-3, "warmup": 5}), tmp_path / "run", progress=False
    )
    changed = next(row for row in run.score.per_class if row.name == "changed")
    assert changed.iou is not None and changed.iou > 0.6


def test_a_network_for_one_date_takes_both_in_one_stack(pairs: dict[str, str]) -> None:
    experiment = build(recipe(pairs, network={"name": "smp:unet:resnet18"}), tiles=2)
    assert experiment.card.dates == 2
    assert experiment.module.eval()(experiment.train[0]["image"][None]).classes.shape == (1, 2, 64, 64)


def run(*words: str | Path) -> Any:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.slow
def test_from_the_world_to_a_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user does it, with the shipped recipe cut short."""
    monkeypatch.chdir(tmp_path)
    run("data", "make-world", "-o", "world", "--scenes", "4", "--size", "128", "--gsd", "0.5")
    short = {
        "optim.steps": 2,
        "optim.warmup": 0,
        "optim.batch": 2,
        "data.tile": 64,
        "data.split.val": 0.5,
        "validate.tiles": 2,
    }
    run("train", SHIPPED, "-o", "run", *(word for key, value in short.items() for word in ("--set", f"{key}={value}")))
    assert load_recipe(tmp_path / "run" / "recipe.yaml", saved=True).classes == "building-change"
    name = "grid_g05_mid_00000.tif"
    run("predict", "--before", f"world/pre_opt/{name}", "--after", f"world/opt/{name}", "-m", "run", "-o", "change.tif")
    with rasterio.open("change.tif") as made, rasterio.open(f"world/gt_cd_mask/{name}") as truth:
        assert (made.shape, made.transform, made.crs) == (truth.shape, truth.transform, truth.crs)
        assert set(np.unique(made.read(1))) <= {0, 255}
    assert Path("change_confidence.tif").is_file() and Path("change.qml").is_file()

    with Path("test.csv").open("w", newline="") as file:
        rows = [[f"world/{folder}/{name}" for folder in ("opt", "pre_opt", "gt_cd_mask")]]
        csv.writer(file).writerows([["image", "before", "label"], *rows])
    run("evaluate", "-m", "run", "--pairs", "test.csv", "-o", "pairs")
    run("evaluate", "-m", "run", "-o", "kept-apart")
    run("evaluate", "-m", "run", "--layout", "synrs3d-change", "--root", "world", "-o", "layout")
    run("evaluate", "change.tif", "--against", f"world/gt_cd_mask/{name}", "-o", "map")
    scores = {}
    for report in ("pairs", "kept-apart", "layout", "map"):
        found = json.loads(Path(report, "metrics.json").read_text())["scores"]["pixel-pooled"]
        assert [row["name"] for row in found["per_class"]] == ["unchanged", "changed"]
        assert (Path(report) / "index.html").is_file()
        scores[report] = found["per_class"]
    assert scores["pairs"] == scores["map"]
