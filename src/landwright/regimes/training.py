"""Train a recipe into a run folder."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from landwright.bundles import save_bundle
from landwright.data import Part
from landwright.errors import UsageError
from landwright.evaluation.protocols import ProtocolResult
from landwright.recipe import Recipe
from landwright.regimes import coarse, masks, synthetic, tags, words
from landwright.regimes.callbacks import ProgressBar, SaveBetweenSteps, ValidateLast
from landwright.regimes.checkpoints import WholeCheckpoints, explained_if_full
from landwright.regimes.experiment import Experiment
from landwright.regimes.folder import RunFolder
from landwright.regimes.interrupt import Interrupted, StopRequest
from landwright.regimes.loading import ExperimentData
from landwright.regimes.module import SCORE
from landwright.regimes.optimizer import check_optim
from landwright.regimes.preparation import watched

REGIMES: dict[str, Callable[..., Experiment]] = {
    "masks": masks.build,
    "coarse": coarse.build,
    "synthetic": synthetic.build,
    "words": words.build,
    "tags": tags.build,
}
"""Builder of every regime, by the name in the recipe; called with the recipe and ``tiles``."""

ERRORS = {"mae", "rmse", "mae_high", "rmse_high", *words.FIGURES}
"""Figures of heights, and of the loss of words, of which less is better."""

VALIDATIONS = 10
LOGGED_POINTS = 200

_SCORED: tuple[Part, ...] = ("test", "val")
"""Parts to score a bundle on, the usual one first."""

_NOISE = (
    ".*does not have many workers",
    "Checkpoint directory .* exists",
    ".*exists and is not empty",
    ".*training_step. returned .None.",  # a batch without labels, which is counted
    "Found .* in eval mode at the start of training",  # a teacher
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
)
_PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training.

    Attributes:
        folder: The run.
        resumable: Whether it has a checkpoint to go on from.
    """

    def __init__(self, folder: RunFolder) -> None:
        """Say how to go on."""
        self.folder = folder
        self.resumable = folder.last.is_file()
        super().__init__(f"training interrupted in {folder.path}")


@dataclass(frozen=True)
class TrainResult:
    """What a run came to.

    Attributes:
        run: Run folder.
        bundle: Model bundle of the weights that were kept.
        score: Scores of these weights on the validation part, with their protocol.
        kept: Which weights these are: the ``best`` by the metric, or the ``last``.
        metric: Name of the figure that chose them.
        value: That figure.
        data: What it was measured on.
        steps: Optimiser steps made in the whole run.
        skipped: How many of them had no label in their batch, and changed nothing.
        notes: What a user may not expect of the training labels.
        dates: Number of dates that the model compares.
        seconds: Time that this call took.
        figures: Names of the figures that the regime adds to those of the protocol.
        evaluation: What ``landwright evaluate`` takes besides the model to score it on the data that the run kept
            apart; None where these lack labels.
    """

    run: Path
    bundle: Path
    score: ProtocolResult
    kept: Literal["best", "last"]
    metric: str
    value: float | None
    data: str
    steps: int
    skipped: int
    notes: tuple[str, ...]
    dates: int
    seconds: float
    figures: tuple[str, ...] = ()
    evaluation: tuple[str, ...] | None = ()


def train(
    recipe: Recipe, run_dir: str | Path, *, resume: bool = False, devices: int = 1, progress: bool = True
) -> TrainResult:
    """Train, keep the best weights by the recipe's protocol (or the last), and write them as a model bundle.

    The folder gets ``recipe.yaml`` (resolved), ``split.csv``, ``logs/`` (``metrics.csv`` and TensorBoard),
    ``checkpoints/`` (``last.ckpt``, ``best.ckpt``) and, at the end, ``bundle/``. A resumed run takes the same
    trajectory as one that was never interrupted, on CPU to the last bit: tiles and dropout are functions of seed and
    step, and optimiser, Lookahead and schedule are in the checkpoint.

    Args:
        recipe: What to train.
        run_dir: A new or empty folder; with ``resume`` that of an unfinished run of the same recipe.
        resume: Go on from the last checkpoint.
        devices: Number of GPUs, or of processes where there is none; more than one trains data-parallel, each with
            batches of the recipe's size.
        progress: Show a progress bar on standard error.

    Returns:
        Where the results are, and the best validation score.

    Raises:
        UsageError: The recipe does not fit the data or the machine, or the folder cannot be used.
        DataError: The data are not sound, the loss became infinite or NaN, or the disk is full.
        TrainingInterrupted: Ctrl-C; the finished steps are in ``last.ckpt``.
    """
    began = time.monotonic()
    folder = RunFolder(run_dir)
    with folder.locked(resume=resume) if _is_leader() else nullcontext(), explained_if_full(folder), _quiet():
        if resume:
            folder.check_recipe(recipe)
        optim = recipe.optim
        check_optim(optim)
        _check_devices(devices)
        precision = _precision(optim.precision)
        with watched(progress and _is_leader()):
            experiment = REGIMES[recipe.regime](recipe, tiles=optim.steps * optim.accumulate * optim.batch * devices)
        _check_share(experiment, devices)
        if resume:
            folder.check_split(experiment.split)
        elif _is_leader():
            folder.start(recipe, experiment.split)
        trainer = _trainer(recipe, folder, devices=devices, precision=precision, progress=progress, resume=resume)
        _fit(trainer, experiment, recipe, folder, resume=resume)
        skipped = experiment.module.skipped
        score, data = _finish(experiment, folder, best=recipe.validation.keep == "best")
        trainer.strategy.barrier()
        kept, metric = recipe.validation.keep, recipe.validation.metric
        return TrainResult(
            run=folder.path,
            bundle=folder.bundle,
            score=score,
            kept=kept,
            metric=metric,
            value=score.figure(metric),
            data=data,
            steps=trainer.global_step,
            skipped=skipped,
            notes=experiment.notes,
            dates=experiment.card.dates,
            seconds=time.monotonic() - began,
            figures=experiment.figures,
            evaluation=_evaluation(experiment),
        )


def _evaluation(experiment: Experiment) -> tuple[str, ...] | None:
    """Return the options that name the part to score a bundle on, if it is not the usual one, and the tags."""
    parts = [part for part in _SCORED if part in experiment.split.counts()]
    for part in parts:
        scenes = [region.scene for region in experiment.split.regions(part)]
        if all(scene.label is not None or scene.height is not None for scene in scenes):
            named = () if part == parts[0] else ("--part", part)
            return named if experiment.tags is None else (*named, "--tags", experiment.tags)
    return None


def _is_leader() -> bool:
    """Whether this is the first process; Lightning starts the others with the same call."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's notes on hardware and products off the screen; its warnings stay."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _precision(name: str) -> str:
    gpu = torch.cuda.is_available()
    if name == "auto":
        name = "bf16" if gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    if name == "16" and not gpu:
        raise UsageError("optim.precision 16 needs a GPU", remedy="Use bf16 or 32")
    return str(_PRECISIONS[name])


def _check_devices(devices: int) -> None:
    count = torch.cuda.device_count()
    if 0 < count < devices:
        raise UsageError(f"{devices} devices are asked for, this machine has {count}", remedy=f"Use --devices {count}")


def _check_share(experiment: Experiment, devices: int) -> None:
    tiles = len(experiment.val)  # type: ignore[arg-type]
    if tiles < devices:
        raise UsageError(
            f"{tiles} validation tiles cannot be shared by {devices} devices",
            remedy="Use fewer devices, or give the val part more",
        )


def _trainer(
    recipe: Recipe, folder: RunFolder, *, devices: int, precision: Any, progress: bool, resume: bool
) -> Trainer:
    optim, validation = recipe.optim, recipe.validation
    every = validation.every or max(1, optim.steps // VALIDATIONS)
    return Trainer(
        accelerator="auto",
        devices=devices,
        strategy="auto" if devices == 1 else "ddp",
        precision=precision,
        max_epochs=1,
        max_steps=optim.steps,
        accumulate_grad_batches=optim.accumulate,
        gradient_clip_val=optim.clip,
        val_check_interval=min(every, optim.steps) * optim.accumulate,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=max(1, optim.steps // LOGGED_POINTS),
        logger=_loggers(folder, resume=resume),
        plugins=[WholeCheckpoints()],
        callbacks=_callbacks(recipe, folder, progress=progress),
        enable_progress_bar=progress,
        enable_model_summary=False,
        use_distributed_sampler=False,
        benchmark=True,  # tiles have one size
        default_root_dir=folder.path,
    )


def _loggers(folder: RunFolder, *, resume: bool) -> list[Any]:
    steps = int(_load(folder.last)["global_step"]) if resume else 0
    rows = folder.rows(steps)
    table = CSVLogger(folder.path, name=folder.logs.name, version="", flush_logs_every_n_steps=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Experiment logs directory")
        # Lightning starts the file anew; the rows of steps that will not be made again are put back first.
        if _is_leader():
            table.experiment.metrics.extend(rows)
    board = TensorBoardLogger(folder.path, name=folder.logs.name, version="", purge_step=steps or None)
    return [table, board]


def _callbacks(recipe: Recipe, folder: RunFolder, *, progress: bool) -> list[Callback]:
    validation = recipe.validation
    metric = f"val/{validation.metric}"
    mode = "min" if validation.metric.removeprefix("height_") in ERRORS else "max"
    callbacks: list[Callback] = [SaveBetweenSteps(folder.last), ValidateLast()]
    if validation.patience is not None:
        callbacks.append(
            EarlyStopping(
                metric, mode=mode, patience=validation.patience, check_on_train_epoch_end=False, check_finite=False
            )
        )
    if progress:
        callbacks.append(ProgressBar())
    common: Any = {"enable_version_counter": False, "save_on_train_epoch_end": False}
    where = folder.best.parent
    best = ModelCheckpoint(where, folder.best.stem, metric, mode=mode, save_weights_only=True, **common)
    last = ModelCheckpoint(where, folder.last.stem, **common)
    # In this order: the last checkpoint must know of the best one.
    return [*callbacks, best, last]


def _fit(trainer: Trainer, experiment: Experiment, recipe: Recipe, folder: RunFolder, *, resume: bool) -> None:
    checkpoint = folder.last if resume else None
    try:
        with warnings.catch_warnings(), StopRequest() as stop:
            for noise in _NOISE:
                warnings.filterwarnings("ignore", noise)
            trainer.fit(
                experiment.module,
                datamodule=ExperimentData(experiment, recipe, stop),
                ckpt_path=checkpoint,
                weights_only=True if resume else None,
            )
    except Interrupted as error:
        raise TrainingInterrupted(folder) from error
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # Lightning's way of passing on a second Ctrl-C
            raise TrainingInterrupted(folder) from error
        raise


def _finish(experiment: Experiment, folder: RunFolder, *, best: bool) -> tuple[ProtocolResult, str]:
    """Write the bundle of the best or the last weights; return their score and what it was measured on."""
    checkpoint = _load(folder.best if best else folder.last)
    module = experiment.module
    module.load_state_dict(checkpoint["state_dict"])
    score = ProtocolResult.model_validate(checkpoint[SCORE])
    scenes = experiment.split.counts()["val"]
    data = f"val part: {len(experiment.val)} tiles of {scenes} scenes{experiment.remark}"  # type: ignore[arg-type]
    if _is_leader():
        card = experiment.card.model_copy(update={"scores": (score.card(data),)})
        save_bundle(folder.bundle, card, module.network, overwrite=True)  # --resume of a finished run comes here too
    return score, data


def _load(path: Path) -> dict[str, Any]:
    checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return checkpoint
