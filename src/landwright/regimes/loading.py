"""Loaders that start where an interrupted run stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from landwright.data.loader import make_loader
from landwright.errors import UsageError
from landwright.recipe import Recipe
from landwright.regimes.experiment import Experiment
from landwright.regimes.interrupt import Interrupted, StopRequest


class StepLoader:
    """All batches of a run, from the one that is due.

    Lightning's protocol of a resumable loader: its state goes into the checkpoint, and its length is always that of
    the whole run.

    Args:
        make: Returns a loader that leaves out a number of batches.
        batches: Batches of the whole run on this device.
        used: Returns the number of batches that finished optimiser steps have used.
        world: Number of devices.
    """

    def __init__(
        self, make: Callable[[int], DataLoader[Any]], batches: int, used: Callable[[], int], world: int
    ) -> None:
        """Start at the first batch."""
        self._make = make
        self._batches = batches
        self._used = used
        self._world = world
        self._start = 0

    def __len__(self) -> int:
        """Batches of the whole run."""
        return self._batches

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches that are left."""
        return iter(self._make(self._start))

    def state_dict(self) -> dict[str, int]:
        """Return the number of used batches, for the checkpoint."""
        return {"batches": self._used(), "world": self._world}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after the used batches.

        Raises:
            UsageError: The run used another number of devices, which would change its trajectory.
        """
        if state["world"] != self._world:
            raise UsageError(
                f"the run was started on {state['world']} devices and cannot go on on {self._world}",
                remedy=f"Resume with --devices {state['world']}",
            )
        self._start = state["batches"]


class ExperimentData(LightningDataModule):
    """Loaders of an experiment for however many devices there are.

    Args:
        experiment: Its datasets.
        recipe: Batch size and worker count.
        stop: Whether the user wants to stop.
    """

    def __init__(self, experiment: Experiment, recipe: Recipe, stop: StopRequest) -> None:
        """Keep them."""
        super().__init__()
        self._experiment = experiment
        self._recipe = recipe
        self._stop = stop

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Stop if the user wants to: here the last batch is done with, and the new one not begun.

        Raises:
            Interrupted: The user wants to stop, and this batch is the first of a step.
        """
        trainer = self.trainer
        assert trainer is not None
        batches = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        # A terminal interrupts all processes, but perhaps not in the same step.
        if (
            trainer.training
            and batches % trainer.accumulate_grad_batches == 0
            and trainer.strategy.reduce_boolean_decision(self._stop.made, all=False)
        ):
            raise Interrupted
        return batch

    def train_dataloader(self) -> StepLoader:
        """Return the training batches of this device."""
        trainer, optim = self.trainer, self._recipe.optim
        assert trainer is not None
        world, rank = trainer.world_size, trainer.global_rank

        def make(start: int) -> DataLoader[Any]:
            return self._loader(self._experiment.train, start=start * optim.batch * world, rank=rank, world=world)

        def used() -> int:
            return trainer.global_step * optim.accumulate

        return StepLoader(make, optim.steps * optim.accumulate, used, world)

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the validation batches of this device."""
        assert self.trainer is not None
        return self._loader(self._experiment.val, rank=self.trainer.global_rank, world=self.trainer.world_size)

    def _loader(self, dataset: Any, **position: int) -> DataLoader[Any]:
        loader = make_loader(dataset, self._recipe.optim.batch, self._recipe.data.workers, **position)
        loader.worker_init_fn = _leave_interrupts_to_the_parent
        return loader


def _leave_interrupts_to_the_parent(worker: int) -> None:
    """Let Ctrl-C reach the training process alone, which still needs its workers to end the step in hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
