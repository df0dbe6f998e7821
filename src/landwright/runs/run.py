"""A run directory as a whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landwright.errors import DataError, UsageError
from landwright.runs.blocks import Block
from landwright.runs.claims import POISON
from landwright.runs.journal import Journal
from landwright.runs.leases import LEASES, attempts_by_block, lease_name
from landwright.runs.manifest import MANIFEST, Manifest, load_manifest, settle
from landwright.runs.results import Results
from landwright.runs.store import FileStore, Store, explained


@dataclass(frozen=True)
class State:
    """How far a run is.

    Attributes:
        finished: Names of the finished blocks, in their order.
        poison: Reasons of the blocks that were set aside, by name.
        left: Names of all others.
    """

    finished: tuple[str, ...]
    poison: dict[str, str]
    left: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A run directory: ``manifest.json``, ``journal.jsonl``, ``leases/``, ``poison/`` and ``blocks/``.

    Attributes:
        folder: The directory.
        manifest: What the run is about.
        blocks: All blocks of it.
        store: Its small documents.
        results: Its finished blocks.
        journal: What happened.
    """

    folder: Path
    manifest: Manifest
    blocks: tuple[Block, ...]
    store: Store
    results: Results
    journal: Journal

    @classmethod
    def open(cls, folder: Path, manifest: Manifest) -> Run:
        """Begin a run, or go on with one that is about the same.

        Args:
            folder: The directory. It may be missing, empty, or that of the same run; any number of workers may open it.
            manifest: What the run is about.

        Raises:
            UsageError: The folder is a file, or the directory of a run with other settings.
            DataError: It holds something else, or cannot be written.
        """
        blocks = manifest.blocks()
        if folder.exists() and not folder.is_dir():
            raise UsageError("is a file, not a folder", path=folder, remedy="Name a folder with --run")
        with explained(folder, "read"):
            names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        strange = MANIFEST not in names and any(not name.startswith(".") for name in names)
        # Another worker may begin the run while the folder is listed; whatever it writes comes after the manifest.
        if strange and not (folder / MANIFEST).exists():
            raise DataError("holds something else than a run", path=folder, remedy="Name another folder with --run")
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        settle(FileStore(folder), manifest, str(folder))
        return cls._of(folder, manifest, blocks)

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Open the directory of a run that was begun.

        Raises:
            DataError: It is none, or it is damaged.
        """
        manifest = load_manifest(FileStore(folder), str(folder))
        return cls._of(folder, manifest, manifest.blocks())

    @classmethod
    def _of(cls, folder: Path, manifest: Manifest, blocks: Sequence[Block]) -> Run:
        journal = Journal(folder / "journal.jsonl")
        return cls(folder, manifest, tuple(blocks), FileStore(folder), Results(folder / "blocks"), journal)

    def check(self) -> None:
        """Make sure that the run is still there.

        Raises:
            DataError: It was removed, or cannot be read.
        """
        if self.store.read(MANIFEST) is None:
            raise DataError("was removed while a worker was at work", path=self.folder, remedy="Start the run anew")

    def state(self) -> State:
        """Return how far the run is.

        Raises:
            DataError: The directory cannot be read.
        """
        finished, poison = self.results.finished(), self.poison()
        names = [block.name for block in self.blocks]
        return State(
            finished=tuple(name for name in names if name in finished),
            poison={name: poison[name] for name in names if name in poison and name not in finished},
            left=tuple(name for name in names if name not in finished and name not in poison),
        )

    def poison(self) -> dict[str, str]:
        """Return the reasons of the blocks that were set aside, by name.

        Raises:
            DataError: The directory cannot be read.
        """
        found = {}
        for document in self.store.names(POISON):
            name = document.removeprefix(f"{POISON}/").removesuffix(".json")
            try:
                found[name] = str(json.loads(self.store.read(document) or b"")["reason"])
            except (ValueError, KeyError):  # its writer died over it
                found[name] = "unknown"
        return found

    def forgive(self) -> list[str]:
        """Let the blocks that were set aside be tried again, as if they had never failed.

        Returns:
            Their names.

        Raises:
            DataError: The directory cannot be written.
        """
        names = sorted(self.poison())
        attempts = attempts_by_block(self.store.names(LEASES))
        for name in names:
            # The attempts stay, so that the next one has a number that was never used.
            for attempt in attempts[name].taken if name in attempts else ():
                self.store.create(lease_name(name, attempt, "released"), b"{}")
                self.store.delete(lease_name(name, attempt, "failed"))
            self.store.delete(f"{POISON}/{name}.json")
        return names

    def tidy(self) -> None:
        """Remove what dead workers left, if all blocks are finished or set aside.

        For whoever puts the blocks together, when no worker is at work any more.

        Raises:
            DataError: The directory cannot be written.
        """
        state = self.state()
        if state.left:
            return
        for name, attempts in attempts_by_block(self.store.names(LEASES)).items():
            if name not in state.poison:
                for attempt in attempts.taken | attempts.ended:
                    for ending in (None, "failed", "released"):
                        self.store.delete(lease_name(name, attempt, ending))
        folders = (self.results.path, self.folder / LEASES, self.folder / POISON)
        for hidden in [
            *self.folder.glob(f".{MANIFEST}.*"),
            *(path for folder in folders for path in folder.glob(".*")),
        ]:
            if hidden.is_dir():
                shutil.rmtree(hidden, ignore_errors=True)
            else:
                hidden.unlink(missing_ok=True)
