"""The folder of a suite: one JSON file per model and data set, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.evaluation.suite.result import PairResult, Settings
from landwright.rasters import atomic_output

RESULTS = "results"
"""Folder of the results, below that of the suite."""

_SHOWN = 4
_ANEW = "Name another folder with -o, or make them anew with --force"


class UnwritableError(DataError):
    """A result cannot be kept, so that no further work makes sense."""


class Store:
    """Results in a folder.

    Args:
        folder: Folder of the suite; it may exist if it is empty or holds results of the same suite.
        suite: Name of the suite.
        force: Write into a folder that holds something else, and make results of other settings anew.

    Raises:
        UsageError: The folder is a file, or holds something else.
    """

    def __init__(self, folder: Path, suite: str, *, force: bool = False) -> None:
        """Refuse a folder of something else."""
        self.folder, self.suite, self.force = folder, suite, force
        if folder.exists() and not folder.is_dir():
            raise UsageError("is a file, not a folder", path=folder, remedy="Name a folder for the results")
        if not force and folder.exists() and any(folder.iterdir()) and not (folder / RESULTS).is_dir():
            raise UsageError(
                "is not empty and holds no results of a suite",
                path=folder,
                remedy="Name another folder, or write into it with --force",
            )

    def path(self, model: str, dataset: str) -> Path:
        """Return the file of a pair."""
        return self.folder / RESULTS / slug(model) / f"{dataset}.json"

    def settle(self, wanted: Sequence[Settings]) -> None:
        """Refuse results that were made with other settings than those wanted now, before any work is done.

        Rows of the table are of one making each, so that the model's results on other data sets count, too. With
        ``force`` they are removed instead.

        Args:
            wanted: The settings of one model, per data set.

        Raises:
            UsageError: There are such results, and ``force`` is off, or the folder cannot be written.
            DataError: A file is not what it should be.
        """
        self._check_writable()
        by_dataset = {settings.dataset: settings for settings in wanted}
        for path in sorted((self.folder / RESULTS / slug(wanted[0].making.model)).glob("*.json")):
            found = read_result(path).settings
            same = by_dataset.get(path.stem, found.model_copy(update={"making": wanted[0].making, "suite": self.suite}))
            differences = same.differences(found)
            if differences and not self.force:
                more = "" if len(differences) <= _SHOWN else f"; and {len(differences) - _SHOWN} more"
                raise UsageError(
                    f"was made with other settings ({'; '.join(differences[:_SHOWN])}{more})", path=path, remedy=_ANEW
                )
            if differences and found.suite == self.suite:
                path.unlink()

    def load(self, settings: Settings) -> PairResult | None:
        """Return what there is of a pair, finished or not."""
        path = self.path(settings.making.model, settings.dataset)
        return read_result(path) if path.is_file() else None

    def save(self, result: PairResult) -> None:
        """Write a pair's file, whole or not at all.

        Raises:
            UnwritableError: The folder cannot be written, or the disk is full.
        """
        path = self.path(result.settings.making.model, result.settings.dataset)
        text = json.dumps(result.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False)
        try:
            with atomic_output(path) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
        except DataError as error:
            raise UnwritableError(error.problem, path=error.path, remedy=error.remedy) from error

    def finished(self) -> list[PairResult]:
        """Return all finished results of the suite in the folder, by model and data set."""
        found = [read_result(path) for path in sorted((self.folder / RESULTS).glob("*/*.json"))]
        return [result for result in found if result.scores is not None and result.settings.suite == self.suite]

    def _check_writable(self) -> None:
        """Find out before hours of work that nothing could be kept."""
        there = next(path for path in (self.folder.absolute(), *self.folder.absolute().parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise UsageError("cannot be written", path=self.folder, remedy="Name another folder with -o")


def slug(model: str) -> str:
    """Return a model's name as a folder's name.

    Args:
        model: Name in the registry, or a bundle's folder, of which the last part counts.
    """
    return re.sub(r"[^\w.+-]+", "-", Path(model).name).strip("-.") or "model"


def read_result(path: Path) -> PairResult:
    """Read a pair's file.

    Raises:
        DataError: It cannot be read or is no such file.
    """
    try:
        return PairResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            "is not a result of a suite, or of another version of landwright",
            path=path,
            remedy="Delete the file; it is made anew",
        ) from error
