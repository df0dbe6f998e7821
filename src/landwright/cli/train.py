"""``landwright train``: from a recipe to a model bundle."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landwright.cli.common import INTERRUPTED, emit, guard
from landwright.errors import UsageError

if TYPE_CHECKING:
    from landwright.regimes import TrainingInterrupted, TrainResult


@guard
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe (.yaml).", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder, new or empty.", show_default=False)],
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, such as optim.lr=1e-4.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in the folder.")] = False,
    devices: Annotated[int, typer.Option(min=1, help="GPUs, or processes where there is no GPU.")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed (default: the recipe's).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON, and no progress.")] = False,
) -> None:
    """Train a model from images and labels; the best checkpoint becomes a model bundle in the run folder.

    Ctrl-C ends the step in hand and keeps a checkpoint; --resume continues the same trajectory.
    """
    from landwright.recipe import load_recipe

    settings = [*(overrides or ()), *(() if seed is None else (f"seed={seed}",))]
    chosen = load_recipe(recipe, settings, saved=recipe.resolve().parent == out.resolve())
    try:
        from landwright import regimes
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs {error.name}, which is not installed", remedy="pip install 'landwright[train]'"
        ) from error
    try:
        result = regimes.train(chosen, out, resume=resume, devices=devices, progress=not as_json)
    except regimes.TrainingInterrupted as stop:
        if _is_leader():
            typer.echo(_how_to_go_on(stop), err=True)
        raise typer.Exit(INTERRUPTED) from stop
    if _is_leader():
        _report(result, as_json=as_json)


def _is_leader() -> bool:
    """Whether this is the first process; those of further devices run the same command and say nothing."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def _errors(result: TrainResult) -> list[str]:
    """Say in one line how far heights are off, where there are any."""
    figures = {name.removeprefix("height_"): value for name, value in result.score.values.items()}
    if "mae_high" not in figures:
        return []
    told = {"mean error": "mae", "above 3 m": "mae_high"}
    return ["heights: " + ", ".join(f"{words} {figures[name]:.2f} m" for words, name in told.items() if figures[name])]


def _further(result: TrainResult) -> list[str]:
    """List what the regime measures besides the figures of the protocol."""
    values = result.score.values
    told = [name for name in result.figures if name in values and name != result.metric]
    shown = [f"{name} {'-' if (value := values[name]) is None else f'{value:.4f}'}" for name in told]
    return ["   ".join(shown)] if shown else []


def _evaluation(result: TrainResult) -> list[str]:
    """Say how to score the bundle, if the run has images to score it on."""
    if result.evaluation is None:
        return []
    command = ["landwright", "evaluate", "--model", str(result.run), *result.evaluation, "-o", "report"]
    return [f"  {shlex.join(command)}"]


def _report(result: TrainResult, *, as_json: bool) -> None:
    value = "undefined" if result.value is None else f"{result.value:.4f}"
    rows = [f"  {row.name:<24} {'-' if row.iou is None else f'{row.iou:.3f}'}" for row in result.score.per_class]
    images = "IMAGE" if result.dates == 1 else "--before EARLIER --after LATER"
    skipped = [f"{result.skipped} steps had no labelled pixel and were skipped"] if result.skipped else []
    notes = [f"note: {note}" for note in result.notes]
    lines = [
        *notes,
        f"{result.kept} {result.metric} {value} on the {result.data}",
        f"{result.steps} steps in {result.seconds:.0f} s",
        result.score.sentence,
        *_further(result),
        *skipped,
        *(["IoU per class:", *rows] if rows else []),
        *_errors(result),
        f"bundle  {result.bundle}",
        f"curves  {result.run / 'logs' / 'metrics.csv'}, or: tensorboard --logdir {result.run / 'logs'}",
        "next",
        f"  landwright predict {images} --model {result.run} -o map.tif",
        *_evaluation(result),
    ]
    payload = {
        "run": str(result.run),
        "bundle": str(result.bundle),
        "kept": result.kept,
        "metric": result.metric,
        "value": result.value,
        "data": result.data,
        "score": result.score.model_dump(mode="json"),
        "steps": result.steps,
        "skipped": result.skipped,
        "notes": list(result.notes),
        "seconds": round(result.seconds, 2),
    }
    emit(payload, as_json=as_json, text="\n".join(lines))


def _how_to_go_on(stop: TrainingInterrupted) -> str:
    folder = stop.folder
    if not stop.resumable:
        return "interrupted before the first step was finished; nothing is kept"
    return (
        f"interrupted; the finished steps are kept in {folder.last}\n"
        f"  go on with: landwright train {folder.recipe} -o {folder.path} --resume"
    )
