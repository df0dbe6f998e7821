"""The finished blocks of a run: a block's files appear together, under a name that only one worker can give."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from landwright.errors import DataError
from landwright.runs.store import explained

NOTE: Final = "done.json"
"""File beside a block's products that says who made them, when and in which attempt."""

_STARTED: Final = ".started"


class Results(Protocol):
    """Finished blocks, and attempts that are to become some.

    Of all attempts at a block one is published, whole; never one that was revoked before.
    """

    @property
    def path(self) -> Path:
        """Folder of this machine with the folders of finished blocks."""

    def folder(self, block: str) -> Path:
        """Return the folder of a finished block's files on this machine."""

    def note(self, block: str) -> dict[str, Any]:
        """Return what a finished block says of its making."""

    def finished(self) -> set[str]:
        """Return the names of all finished blocks."""

    def is_finished(self, block: str) -> bool:
        """Return whether a block is finished."""

    def begin(self, block: str, attempt: int) -> Path | None:
        """Make the folder for the files of an attempt; None if the attempt is known to be revoked."""

    def publish(self, block: str, attempt: int, note: Mapping[str, Any]) -> bool:
        """Show the files of an attempt as the finished block; False if another one was, or this one is revoked."""

    def revoke(self, block: str, attempt: int) -> None:
        """Make it impossible that an attempt is published, if it was not already."""

    def discard(self, block: str, attempt: int) -> None:
        """Remove what an attempt wrote that was not published."""

    def sweep(self) -> None:
        """Remove what attempts left that were never published, when no worker is at work any more."""


class FileResults:
    """Finished blocks, a folder each, and hidden ones in which attempts do their work.

    A block is finished when its folder is there: the rename that shows its files is the one that marks it. Of two
    workers with the same block, one rename succeeds. An attempt that was revoked cannot publish any more, however late
    its worker wakes up.

    Args:
        folder: Where the blocks' folders are.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet."""
        self._path = folder

    @property
    def path(self) -> Path:
        """Where the blocks' folders are."""
        return self._path

    def folder(self, block: str) -> Path:
        """Return the folder of a finished block's files."""
        return self.path / block

    def note(self, block: str) -> dict[str, Any]:
        """Return what a finished block says of its making.

        Raises:
            DataError: It cannot be read.
        """
        path = self.folder(block) / NOTE
        with explained(path, "read"):
            try:
                found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                remedy = "Remove the block's folder; it is made anew"
                raise DataError(f"is damaged ({error})", path=path, remedy=remedy) from error
        return found

    def finished(self) -> set[str]:
        """Return the names of all finished blocks.

        Raises:
            DataError: The folder cannot be read.
        """
        with explained(self.path, "read"):
            try:
                return {name for name in os.listdir(self.path) if not name.startswith(".")}
            except FileNotFoundError:
                return set()

    def is_finished(self, block: str) -> bool:
        """Return whether a block is finished."""
        return self.folder(block).exists()

    def begin(self, block: str, attempt: int) -> Path | None:
        """Make the folder for the files of an attempt; None if the attempt was revoked already.

        Raises:
            DiskFullError: The disk is full.
            DataError: The folder cannot be written.
        """
        place = self._place(block, attempt)
        with explained(place):
            self.path.mkdir(exist_ok=True)
            try:
                place.mkdir()
                (place / _STARTED).touch()
            except (FileExistsError, FileNotFoundError, NotADirectoryError):  # revoked, even since the line above
                return None
        return place

    def publish(self, block: str, attempt: int, note: Mapping[str, Any]) -> bool:
        """Show the files of an attempt as the finished block; they are on the disk when this returns.

        Args:
            block: Name of the block.
            attempt: Number of the attempt.
            note: What to keep of the making.

        Returns:
            Whether they were; not if the attempt was revoked or another one was published.

        Raises:
            DiskFullError: The disk is full.
            DataError: The folder cannot be written.
        """
        place, target = self._place(block, attempt), self.folder(block)
        with explained(target):
            try:
                # Without the mark from the beginning this is not the folder that all files were written to.
                descriptor = os.open(place / _STARTED, os.O_WRONLY)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(json.dumps(dict(note)) + "\n")
                (place / _STARTED).rename(place / NOTE)
                _sync(place)
                # With the separator only a folder can get the name, not the file of a revocation since the last line.
                os.rename(f"{place}{os.sep}", target)
            except OSError as error:
                if target.exists() or isinstance(error, FileNotFoundError | NotADirectoryError):
                    return False
                raise
            _sync_one(self.path)
        return True

    def revoke(self, block: str, attempt: int) -> None:
        """Make it impossible that an attempt publishes, whatever its worker does from now on.

        Raises:
            DataError: The folder cannot be written.
        """
        place = self._place(block, attempt)
        with explained(place):
            self.path.mkdir(exist_ok=True)
            while True:
                # A file takes the place of the folder, which can then neither be renamed nor made again.
                try:
                    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                    return
                except FileExistsError:
                    if place.is_file():
                        return
                aside = self.path / f".gone.{secrets.token_hex(4)}"
                with suppress(FileNotFoundError):
                    place.rename(aside)
                shutil.rmtree(aside, ignore_errors=True)

    def discard(self, block: str, attempt: int) -> None:
        """Remove what an attempt wrote."""
        shutil.rmtree(self._place(block, attempt), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what attempts left that were never published, when no worker is at work any more."""
        for hidden in self.path.glob(".*"):
            if hidden.is_dir():
                shutil.rmtree(hidden, ignore_errors=True)
            else:
                hidden.unlink(missing_ok=True)

    def _place(self, block: str, attempt: int) -> Path:
        return self.path / f".{block}.{attempt}"


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync_one(path)


def _sync_one(path: Path) -> None:
    if _is_windows() and path.is_dir():  # no descriptors of folders there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_windows() -> bool:
    return os.name == "nt"
