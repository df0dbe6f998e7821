"""Where the small documents of a run are kept: leases, and what was set aside.

All that the workers agree on rests on one operation, `Store.create`: of all who create a name, one succeeds. File
systems have it, and so have object stores (a conditional put, ``If-None-Match: *``).
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Final, Protocol

from landwright.errors import DISK_FULL, DataError, DiskFullError
from landwright.rasters import atomic_output

_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV})


class Store(Protocol):
    """Documents by name, ``folder/file.json``; all workers see the same."""

    def create(self, name: str, data: bytes) -> bool:
        """Make a document that must not be there yet.

        Returns:
            Whether this call made it; of several at once exactly one is told so.
        """

    def write(self, name: str, data: bytes) -> None:
        """Replace a document as a whole. Only the one who created it may."""

    def read(self, name: str) -> bytes | None:
        """Return a document, None if there is none."""

    def names(self, folder: str) -> dict[str, str]:
        """Return the documents of a folder, each with a stamp that changes whenever it is written.

        The stamp (an object store's ETag) says nothing but that: stamps are compared for equality, never as times.
        """

    def delete(self, name: str) -> None:
        """Remove a document, if it is there."""

    def sweep(self, *folders: str) -> None:
        """Remove what writers left who died, when none is at work any more.

        Args:
            folders: Folders to look in, beside the uppermost.
        """


class FileStore:
    """Documents in a folder, which may be shared by several machines.

    Args:
        folder: Where they lie. It is not made, so that a worker that wakes up after a run was removed does not begin it
            anew; the folders in it are.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet."""
        self.folder = folder

    def create(self, name: str, data: bytes) -> bool:
        """Make a document that must not be there yet; it appears whole.

        Raises:
            DiskFullError: It does not fit.
            DataError: The folder cannot be written.
        """
        target = self.folder / name
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        with explained(target):
            if target.exists():
                return False
            target.parent.mkdir(exist_ok=True)
            try:
                _exclusive(temporary, data)
                return _link(temporary, target, data)
            finally:
                temporary.unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Replace a document as a whole.

        Raises:
            DiskFullError: It does not fit.
            DataError: The folder cannot be written.
        """
        target = self.folder / name
        with explained(target):
            os.stat(target.parent)
        with atomic_output(target) as temporary:
            temporary.write_bytes(data)

    def read(self, name: str) -> bytes | None:
        """Return a document, None if there is none.

        Raises:
            DataError: It cannot be read.
        """
        with explained(self.folder / name, "read"):
            try:
                return (self.folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def names(self, folder: str) -> dict[str, str]:
        """Return the documents of a folder with their stamps: inode, time of change and size.

        Raises:
            DataError: The folder cannot be read.
        """
        found = {}
        with explained(self.folder / folder, "read"):
            try:
                entries = list(os.scandir(self.folder / folder))
            except FileNotFoundError:
                return {}
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    state = os.stat(entry.path)
                except FileNotFoundError:  # removed since the folder was listed
                    continue
                found[f"{folder}/{entry.name}"] = f"{state.st_ino}-{state.st_mtime_ns}-{state.st_size}"
        return found

    def delete(self, name: str) -> None:
        """Remove a document, if it is there.

        Raises:
            DataError: The folder cannot be written.
        """
        with explained(self.folder / name):
            (self.folder / name).unlink(missing_ok=True)

    def sweep(self, *folders: str) -> None:
        """Remove what writers left who died, when none is at work any more.

        Args:
            folders: Folders to look in, beside the uppermost.

        Raises:
            DataError: The folder cannot be written.
        """
        with explained(self.folder):
            for folder in (self.folder, *(self.folder / name for name in folders)):
                for path in folder.glob(".*.json*"):
                    path.unlink(missing_ok=True)


@contextmanager
def explained(path: str | PathLike[str], doing: str = "written") -> Iterator[None]:
    """Turn the system's errors into those for a user.

    Raises:
        DiskFullError: The disk is full.
        DataError: Any other error of the system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            remedy = "Free space and start again; what is finished stays"
            raise DiskFullError("cannot be written: the disk is full", path=path, remedy=remedy) from error
        raise DataError(
            f"cannot be {doing}: {error.strerror or error}", path=path, remedy="Check the folder and its permissions"
        ) from error


def _exclusive(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _link(temporary: Path, target: Path, data: bytes) -> bool:
    try:
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # exFAT and many network shares have no hard links. Created in place, a document can be seen before all of
            # it is written; a lease without content is a lease like any other.
            _exclusive(target, data)
    except FileExistsError:
        return False
    return True
