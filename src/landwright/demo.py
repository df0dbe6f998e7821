"""The whole story in one call: make a world, train on it, map a place that was never seen, score the map."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from landwright.bundles import load_bundle
from landwright.engine import predict_raster
from landwright.errors import UsageError
from landwright.evaluation import ProtocolResult, evaluate_map
from landwright.recipe import Recipe
from landwright.regimes import train
from landwright.world import write_world

SCENES = 12
"""Scenes to train on and to choose the checkpoint with; one more, of another seed, is mapped."""

UNSEEN = 1_000_003
"""What the seed of the unseen scene's world differs by."""

MARK = "DEMO.txt"
SIZE = 512
GSD = 0.8
STYLE = "edge"


@dataclass(frozen=True)
class DemoResult:
    """Where the demo's pieces are, and what its map scored.

    Attributes:
        map: Class map of the unseen scene.
        report: HTML report.
        score: Score of the map under ``pixel-pooled``.
    """

    map: Path
    report: Path
    score: ProtocolResult


def demo_recipe(world: Path, *, steps: int, seed: int) -> Recipe:
    """Return the recipe that the demo trains with: the compact CLCFormer from scratch.

    Args:
        world: Folder of the training scenes.
        steps: Optimiser steps.
        seed: Seed of the training.
    """
    return Recipe.model_validate(
        {
            "regime": "masks",
            "classes": "openearthmap-8",
            "data": {
                "images": str(world / "opt"),
                "labels": str(world / "gt_ss_mask"),
                "split": {"by": "scene", "val": 0.15},
                "tile": 128,
                "balance": 0.5,
            },
            "network": {"name": "clcformer", "encoder": "compact"},
            "normalize": {"mean": "data", "std": "data"},
            "augment": {"flip": True, "rotate": True},
            "optim": {"lr": 2e-3, "min_lr": 1e-5, "steps": steps, "warmup": 20, "batch": 8},
            "validate": {"every": max(1, steps // 4), "tiles": 40},
            "seed": seed,
        }
    )


def run_demo(
    out: str | PathLike[str],
    *,
    steps: int = 400,
    seed: int = 0,
    replace: bool = False,
    say: Callable[[str], None] = lambda _: None,
    quiet: bool = False,
) -> DemoResult:
    """Run the demo.

    Args:
        out: Folder for the world, the run, the map and the report.
        steps: Optimiser steps.
        seed: Seed of world and training.
        replace: Replace the result of an earlier demo.
        say: Called with a sentence at the start of each stage.
        quiet: Show no progress bar.

    Returns:
        The map, the report and the score on the unseen scene.

    Raises:
        UsageError: The folder holds something, and is not an earlier demo that may be replaced.
    """
    out = Path(out)
    _claim(out, replace=replace)
    say(f"1/4 making a synthetic world: {SCENES} scenes to learn from, 1 to be mapped")
    world, run = out / "world", out / "run"
    write_world(world / "train", scenes=SCENES, size=SIZE, gsd=GSD, style=STYLE, seed=seed)
    [unseen] = write_world(world / "unseen", scenes=1, size=SIZE, gsd=GSD, style=STYLE, seed=seed + UNSEEN)
    recipe = demo_recipe(world / "train", steps=steps, seed=seed)
    say(f"2/4 training {recipe.network.name} (compact, from scratch) for {steps} steps")
    train(recipe, run, progress=not quiet)
    say("3/4 mapping the scene that it never saw")
    image = world / "unseen" / "opt" / f"{unseen}.tif"
    mapped = predict_raster(load_bundle(run), image, out / "map.tif")
    say("4/4 scoring the map against the scene's own land cover")
    reference = world / "unseen" / "gt_ss_mask" / f"{unseen}.tif"
    score = evaluate_map(mapped.path, reference, out / "report", image=image, run=run)
    return DemoResult(mapped.path, out / "report" / "index.html", score)


def _claim(out: Path, *, replace: bool) -> None:
    """Make the folder ready, removing nothing but an earlier demo."""
    mark = out / MARK
    if out.is_dir() and any(out.iterdir()):
        if not mark.is_file():
            raise UsageError("holds something else than a demo", path=out, remedy="Name another folder with -o")
        if not replace:
            raise UsageError("holds a demo already", path=out, remedy="Replace it with --force, or name another folder")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text("Made by `landwright demo`; `landwright demo --force` replaces this folder.\n", encoding="utf-8")
