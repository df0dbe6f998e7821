"""Small additions to Lightning's loop."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

from landwright.errors import DISK_FULL, DataError
from landwright.regimes.interrupt import Interrupted


class SaveBetweenSteps(Callback):
    """Keep the finished steps when a run ends early: by Ctrl-C, or by a damaged file in the middle.

    Nothing is written while a step or a validation is under way: a loss that is not finite, for example, has already
    reached the running statistics. Nor is anything written where the curves no longer fit on the disk, or before the
    first step: what a resumed run began with is not to be replaced. Where one of several processes fails it cannot
    save, for all take part in that.

    Args:
        path: The checkpoint.
    """

    def __init__(self, path: Path) -> None:
        """Wait for the worst."""
        self._path = path
        self._kept: float = math.inf

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the step: a resumed run began with the checkpoint."""
        self._kept = trainer.global_step

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the step: the checkpoint of a validation is written after it, and is as good."""
        self._kept = trainer.global_step

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write the checkpoint if the loop stands between two steps."""
        batches = trainer.fit_loop.epoch_loop.batch_progress.current
        finished = trainer.global_step * trainer.accumulate_grad_batches
        between = trainer.training and batches.ready == batches.completed == finished
        if (
            between
            and getattr(exception, "errno", None) not in DISK_FULL
            and trainer.global_step > self._kept
            and (trainer.world_size == 1 or isinstance(exception, Interrupted))
        ):
            try:
                trainer.save_checkpoint(self._path)
            except DataError:
                # Whoever asked to stop must learn that the steps are lost. Else what went wrong first matters more.
                if isinstance(exception, Interrupted):
                    raise


class ValidateLast(Callback):
    """Validate after the last step too, whatever the distance to the validation before."""

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop, which makes Lightning validate, where it would stop anyway without."""
        if trainer.global_step >= trainer.max_steps:
            trainer.should_stop = True


class ProgressBar(RichProgressBar):
    """Lightning's rich bar with rate and time left, on standard error, for a run without epochs."""

    def __init__(self) -> None:
        """Leave the finished bar on the screen."""
        super().__init__(refresh_rate=1, leave=True, console_kwargs={"stderr": True})

    def _get_train_description(self, current_epoch: int) -> str:
        return "training"

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> Any:
        """Leave out the number of the version, of which there is one."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
