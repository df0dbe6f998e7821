"""A run directory as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landwright.errors import DataError, UsageError
from landwright.runs.blocks import Block
from landwright.runs.claims import POISON
from landwright.runs.cloud import CloudJournal, CloudStore, is_address
from landwright.runs.cloud_results import BLOCKS, FINISHED, CloudResults
from landwright.runs.journal import FileJournal, Journal
from landwright.runs.leases import LEASES, attempts_by_block, lease_name
from landwright.runs.manifest import MANIFEST, Manifest, load_manifest, settle
from landwright.runs.remove import remove_folder, remove_objects
from landwright.runs.results import FileResults, Results
from landwright.runs.store import FileStore, Store, explained

_STRANGE = "holds something else than a run"


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

    Or the same in an object store, see `landwright.runs.cloud`.

    Attributes:
        where: The directory or its address, as messages name it.
        manifest: What the run is about.
        blocks: All blocks of it.
        store: Its small documents.
        results: Its finished blocks.
        journal: What happened.
    """

    where: str
    manifest: Manifest
    blocks: tuple[Block, ...]
    store: Store
    results: Results
    journal: Journal

    @classmethod
    def open(cls, folder: Path | str, manifest: Manifest) -> Run:
        """Begin a run, or go on with one that is about the same.

        Args:
            folder: The directory, or an address such as ``s3://bucket/prefix``. It may be missing, empty, or that of
                the same run; any number of workers may open it.
            manifest: What the run is about.

        Raises:
            UsageError: The folder is a file, or the directory of a run with other settings; or it is the address of an
                object store and obstore is not installed.
            DataError: It holds something else, or cannot be written.
        """
        blocks = manifest.blocks()
        if is_address(folder):
            store = CloudStore(str(folder))
            if any(store.names(part) for part in (FINISHED, LEASES)) and store.read(MANIFEST) is None:
                raise DataError(_STRANGE, path=folder, remedy="Name another prefix with --run")
            settle(store, manifest, str(folder))
            return cls._of(folder, manifest, blocks)
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise UsageError("is a file, not a folder", path=folder, remedy="Name a folder with --run")
        with explained(folder, "read"):
            names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        strange = MANIFEST not in names and any(not name.startswith(".") for name in names)
        # Another worker may begin the run while the folder is listed; whatever it writes comes after the manifest.
        if strange and not (folder / MANIFEST).exists():
            raise DataError(_STRANGE, path=folder, remedy="Name another folder with --run")
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        settle(FileStore(folder), manifest, str(folder))
        return cls._of(folder, manifest, blocks)

    @classmethod
    def load(cls, folder: Path | str, *, local: Path | None = None) -> Run:
        """Open the directory of a run that was begun.

        Args:
            folder: The directory, or its address.
            local: For an address: the folder to which finished blocks are fetched when their files are asked for; by
                default a temporary one.

        Raises:
            UsageError: It is the address of an object store and obstore is not installed.
            DataError: It is none, or it is damaged.
        """
        store: Store = CloudStore(str(folder)) if is_address(folder) else FileStore(Path(folder))
        manifest = load_manifest(store, str(folder))
        return cls._of(folder, manifest, manifest.blocks(), local)

    @classmethod
    def _of(cls, folder: Path | str, manifest: Manifest, blocks: Sequence[Block], local: Path | None = None) -> Run:
        if is_address(folder):
            store = CloudStore(str(folder))
            results = CloudResults(store, local and local / BLOCKS)
            return cls(str(folder), manifest, tuple(blocks), store, results, CloudJournal(store))
        path = Path(folder)
        journal = FileJournal(path / "journal.jsonl")
        return cls(str(path), manifest, tuple(blocks), FileStore(path), FileResults(path / BLOCKS), journal)

    @property
    def folder(self) -> Path:
        """The directory; of a run in an object store the folder of this machine with what was fetched of it."""
        return self.results.path.parent

    def check(self) -> None:
        """Make sure that the run is still there.

        Raises:
            DataError: It was removed, or cannot be read.
        """
        if self.store.read(MANIFEST) is None:
            raise DataError("was removed while a worker was at work", path=self.where, remedy="Start the run anew")

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
        self.results.sweep()
        self.store.sweep(LEASES, POISON)

    def remove(self, *documents: str) -> None:
        """Remove the run, when what it made is elsewhere; a removal that is cut short leaves a run without blocks.

        Args:
            documents: Names of documents that were added to it; a folder goes with all that is in it.

        Raises:
            DataError: It cannot be removed.
        """
        if isinstance(self.store, CloudStore):
            remove_objects(self.store, *documents)
        else:
            remove_folder(self.folder)
