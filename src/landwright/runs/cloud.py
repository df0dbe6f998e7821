"""A run in an object store: S3, Google Cloud Storage, Azure, or a folder by its ``file://`` address.

The documents have the names that they have in a run directory. Leases rest on a conditional put, which only creates.
Objects cannot be appended to, so that the journal is one object per event, under ``journal/``.

Credentials come from the environment (``AWS_...``, ``GOOGLE_...``, ``AZURE_...``) or from the machine's role. obstore
starts threads of its own: a process that used it must not be forked, only spawned.
"""

from __future__ import annotations

import importlib.util
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, Final

from landwright.errors import DataError, UsageError
from landwright.runs.journal import Event, event_of, line_of

JOURNAL: Final = "journal"
"""Folder of the events."""

_ADDRESS: Final = re.compile(r"(s3|gs|az|abfs|abfss|file|memory)://")

_READERS: Final = 16
"""Events that are read at the same time."""

_PARTS: Final = 4
"""Parts of a large file, 5 MiB each, that are uploaded at the same time."""


def is_address(folder: str | PathLike[str]) -> bool:
    """Return whether a run is in an object store, as ``s3://bucket/prefix``, and not in a folder."""
    return _ADDRESS.match(str(folder)) is not None


class CloudStore:
    """Documents in an object store.

    Args:
        address: Bucket and prefix, like ``s3://bucket/prefix``.

    Raises:
        UsageError: obstore is not installed.
    """

    def __init__(self, address: str) -> None:
        """Nothing is asked for yet."""
        if importlib.util.find_spec("obstore") is None:
            raise UsageError("runs in an object store need obstore", path=address, remedy="Install landwright[cloud]")
        self.address = address.rstrip("/")

    def create(self, name: str, data: bytes) -> bool:
        """Make a document that must not be there yet.

        An answer that was lost on its way can make this say no to the one who did make it: whoever gets a no without
        there being another must be able to live with it.

        Raises:
            DataError: The store cannot be reached or written.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._explained(name, "written"):
            try:
                obstore.put(_client(self.address), name, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def write(self, name: str, data: bytes) -> None:
        """Replace a document as a whole.

        Raises:
            DataError: The store cannot be reached or written.
        """
        import obstore

        with self._explained(name, "written"):
            obstore.put(_client(self.address), name, data)

    def upload(self, name: str, file: Path) -> None:
        """Write a file of any size as a document.

        Raises:
            DataError: The store cannot be reached or written.
        """
        import obstore

        with self._explained(name, "written"):
            obstore.put(_client(self.address), name, file, max_concurrency=_PARTS)

    def read(self, name: str) -> bytes | None:
        """Return a document, None if there is none.

        Raises:
            DataError: The store cannot be reached or read.
        """
        import obstore

        with self._explained(name, "read"):
            try:
                return bytes(obstore.get(_client(self.address), name).bytes())
            except FileNotFoundError:
                return None

    def download(self, name: str, file: Path) -> None:
        """Copy a document of any size into a file.

        Raises:
            DataError: The store cannot be reached or read, or the file cannot be written.
        """
        import obstore

        with self._explained(name, "read"), file.open("wb") as target:
            for part in obstore.get(_client(self.address), name).stream():
                target.write(part)

    def names(self, folder: str) -> dict[str, str]:
        """Return the documents of a folder, and of those in it, with their stamps.

        Raises:
            DataError: The store cannot be reached or read.
        """
        import obstore

        with self._explained(folder, "read"):
            pages = obstore.list(_client(self.address), prefix=folder)
            return {entry["path"]: _stamp(entry) for page in pages for entry in page}

    def delete(self, name: str) -> None:
        """Remove a document, if it is there.

        Raises:
            DataError: The store cannot be reached or written.
        """
        import obstore

        # Only a folder says that there was none.
        with self._explained(name, "removed"), suppress(FileNotFoundError):
            obstore.delete(_client(self.address), name)

    def sweep(self, *folders: str) -> None:
        """Do nothing: an object is there as a whole or not at all."""

    @contextmanager
    def _explained(self, name: str, doing: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise DataError(
                f"cannot be {doing}: {reason}",
                path=f"{self.address}/{name}",
                remedy="Check the address, the credentials and the connection",
            ) from error


class CloudJournal:
    """Events in an object store, in the order of their writers' clocks.

    Args:
        store: The store.
    """

    def __init__(self, store: CloudStore) -> None:
        """Nothing is asked for yet."""
        self._store = store

    def append(self, event: Event) -> None:
        """Write one event.

        Raises:
            DataError: The store cannot be reached or written.
        """
        self._store.write(f"{JOURNAL}/{time.time_ns():020d}-{secrets.token_hex(4)}.json", line_of(event))

    def read(self) -> list[Event]:
        """Return the events in the order of their writers' clocks.

        Raises:
            DataError: The store cannot be reached or read.
        """
        names = sorted(self._store.names(JOURNAL))
        with ThreadPoolExecutor(_READERS) as readers:
            lines = list(readers.map(self._store.read, names))
        return [event for line in lines if line and (event := event_of(line)) is not None]


@cache
def _client(address: str) -> Any:
    """Return the client for an address, one per process."""
    from obstore.store import from_url

    return from_url(address, mkdir=True) if address.startswith("file:") else from_url(address)


def _stamp(entry: Any) -> str:
    return entry["e_tag"] or f"{entry['last_modified'].isoformat()}-{entry['size']}"
