"""The end of a run: all of it is removed, in an order in which a removal that is cut short does no harm."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from landwright.runs.claims import POISON
from landwright.runs.cloud import JOURNAL, CloudStore
from landwright.runs.cloud_results import BLOCKS, FINISHED
from landwright.runs.leases import LEASES
from landwright.runs.manifest import MANIFEST
from landwright.runs.store import explained


def remove_folder(folder: Path) -> None:
    """Remove a run directory: first no block is finished any more, then all goes, the manifest at last.

    Raises:
        DataError: It cannot be removed.
    """
    with explained(folder, "removed"):
        with suppress(FileNotFoundError):
            (folder / BLOCKS).rename(folder / f".gone.{secrets.token_hex(4)}")
        for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        folder.rmdir()


def remove_objects(store: CloudStore, *documents: str) -> None:
    """Remove a run in an object store, in the same order.

    Args:
        store: The run.
        documents: Names of documents beside the manifest.

    Raises:
        DataError: It cannot be removed.
    """
    for folder in (FINISHED, BLOCKS, LEASES, POISON, JOURNAL):
        for name in store.names(folder):
            store.delete(name)
    for name in (*documents, MANIFEST):
        store.delete(name)
