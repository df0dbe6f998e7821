"""What the executors need of a job: something that travels to a worker and is opened there once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from landwright.engine.protocols import Source
from landwright.runs import Block


class BlockMapper(Protocol):
    """A job that was opened: the model is loaded, the rasters are open."""

    def work(self, block: Block, folder: Path) -> None:
        """Compute a block and write its files into a folder."""


class Device(Protocol):
    """Options that name a device; `landwright.engine.PredictOptions` is one."""

    @property
    def device(self) -> str:
        """``auto``, ``cpu``, ``cuda``, ``cuda:1``, ..."""


class Job(Protocol):
    """What is to be mapped and with which model: a frozen dataclass that can be pickled."""

    @property
    def bundle(self) -> object:
        """Folder of the model, its name, or the loaded model."""

    @property
    def options(self) -> Device:
        """How the map is made."""

    def open(self, source: Source | None = None) -> AbstractContextManager[BlockMapper]:
        """Load the model and open the rasters, or read from what is given."""

    def open_source(self) -> AbstractContextManager[Source]:
        """Open the rasters without the model, in a process that reads them for another."""


J = TypeVar("J", bound=Job)


def on_device(job: J, device: str) -> J:
    """Return the same job for another device."""
    options: Any = job.options
    changed: J = _replace(job, options=_replace(options, device=device))
    return changed


def with_bundle(job: J, bundle: Path) -> J:
    """Return the same job with the same model at another place."""
    changed: J = _replace(job, bundle=str(bundle))
    return changed


_replace: Any = replace  # protocols cannot say that they are dataclasses
