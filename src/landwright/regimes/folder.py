"""The folder of a run: one run at a time, nothing overwritten, everything needed to go on."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock, Timeout

from landwright.data.splits import Split
from landwright.errors import DataError, UsageError
from landwright.rasters import atomic_output
from landwright.recipe import Recipe, load_recipe

LOCK = "run.lock"
_SHOWN = 5


class RunFolder:
    """Paths of a run.

    Args:
        path: The folder.

    Attributes:
        path: The folder.
        recipe: Resolved recipe.
        split: Which scene is in which part.
        logs: Curves: ``metrics.csv`` and TensorBoard's event files.
        last: Checkpoint of the last validation, or of the interruption.
        best: Weights of the best validation.
        bundle: Model bundle of the best weights.
    """

    def __init__(self, path: str | Path) -> None:
        """Lay the paths out; nothing is created."""
        self.path = Path(path)
        self.recipe = self.path / "recipe.yaml"
        self.split = self.path / "split.csv"
        self.logs = self.path / "logs"
        self.last = self.path / "checkpoints" / "last.ckpt"
        self.best = self.path / "checkpoints" / "best.ckpt"
        self.bundle = self.path / "bundle"

    @contextmanager
    def locked(self, *, resume: bool) -> Iterator[None]:
        """Hold the folder for one run; a run that ends without a checkpoint leaves nothing behind.

        Args:
            resume: Whether a run that is there is to go on.

        Raises:
            UsageError: Another process works in the folder; it cannot be written; it is not empty and ``resume`` is
                not asked for; or it holds no checkpoint to resume from.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError("is a file", path=self.path, remedy="Name a folder for the run")
        created = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        lock = FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(
                "another process is training in this folder", path=self.path, remedy="Wait for it, or name another one"
            ) from error
        except OSError as error:
            raise UsageError(
                f"cannot be written ({error.strerror})", path=self.path, remedy="Name a folder that can be written"
            ) from error
        try:
            self._check(resume=resume)
            try:
                yield
            finally:
                if not self.last.is_file():
                    self._discard()
        finally:
            (self.path / LOCK).unlink(missing_ok=True)
            lock.release()
            if created and not any(self.path.iterdir()):
                for folder in created:
                    folder.rmdir()

    def check_recipe(self, recipe: Recipe) -> None:
        """Refuse to resume with another recipe than the run was started with.

        Raises:
            UsageError: The recipes differ, or the folder's one cannot be read; the message names every difference.
        """
        kept = load_recipe(self.recipe, saved=True)
        if kept.hash() == recipe.hash():
            return
        before, after = _flat(kept.dump()), _flat(recipe.dump())
        changed = [key for key in before | after if before.get(key) != after.get(key)]
        differences = "; ".join(f"{key}: {before.get(key)!r} in the run, {after.get(key)!r} now" for key in changed)
        raise UsageError(
            f"the run was started with another recipe: {differences}",
            path=self.recipe,
            remedy=f"Resume with {self.recipe}, or start a new run in another folder",
        )

    def check_split(self, split: Split) -> None:
        """Refuse to resume on other images than the run was started with.

        Raises:
            DataError: Scenes were added, removed or moved to another part since.
        """
        before, now = (
            {(region.scene.name, region.part, region.window) for region in each.all}
            for each in (Split.load(self.split), split)
        )
        if before != now:
            names = sorted({str(name) for name, *_ in before ^ now})
            raise DataError(
                f"{len(names)} scenes differ from those that the run was started with: {', '.join(names[:_SHOWN])}",
                path=self.split,
                remedy="Restore the images, or start a new run in another folder",
            )

    def start(self, recipe: Recipe, split: Split) -> None:
        """Write what a run is made of."""
        with atomic_output(self.recipe) as temporary:
            Path(temporary).write_text(yaml.safe_dump(recipe.dump(), sort_keys=False), encoding="utf-8")
        split.save(self.split)

    def rows(self, steps: int) -> list[dict[str, float | str]]:
        """Return the curves' rows of the first ``steps`` steps."""
        path = self.logs / "metrics.csv"
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8") as stream:
            whole = (line for line in stream if line.endswith("\n"))  # a full disk leaves half a line
            return [dict(row) for row in csv.DictReader(whole) if int(row["step"]) < steps]

    def _discard(self) -> None:
        for path in (self.recipe, self.split):
            path.unlink(missing_ok=True)
        for path in (self.logs, self.last.parent):
            shutil.rmtree(path, ignore_errors=True)

    def _check(self, *, resume: bool) -> None:
        if resume and not self.last.is_file():
            raise UsageError(
                "holds no checkpoint to resume from", path=self.path, remedy="Start the run without --resume"
            )
        if not resume and any(file.name != LOCK for file in self.path.iterdir()):
            raise UsageError(
                "is not empty", path=self.path, remedy="Continue the run in it with --resume, or name another folder"
            )


def _flat(tree: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
