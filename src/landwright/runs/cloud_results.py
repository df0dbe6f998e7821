"""The finished blocks of a run in an object store, where no folder can be renamed.

The files of an attempt have the attempt in their names, ``blocks/r00003-c00001/2/classes.tif``, so that no two attempts
write the same object. What becomes of an attempt is decided by who creates ``blocks/r00003-c00001/2/done.json``: its
worker, when all files are there, or another one, who revokes it. ``finished/r00003-c00001.json`` then names the attempt
that counts; a worker who comes to revoke an attempt that was decided but not named, since its own worker died in
between, names it instead.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from landwright.errors import DataError
from landwright.runs.cloud import CloudStore
from landwright.runs.results import NOTE
from landwright.runs.store import explained

FINISHED: Final = "finished"
"""Folder of the documents that name the attempts that count."""

BLOCKS: Final = "blocks"
"""Folder of the attempts."""

_REVOKED: Final = b'{"revoked": true}'


class CloudResults:
    """Finished blocks in an object store; work is done in temporary folders of this machine.

    Args:
        store: The store.
        local: Folder of this machine that finished blocks are fetched to when they are asked for; by default a
            temporary one.
    """

    def __init__(self, store: CloudStore, local: Path | None = None) -> None:
        """Nothing is asked for yet."""
        self._store, self._local = store, local
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._places: dict[tuple[str, int], Path] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without what belongs to this one."""
        return CloudResults, (self._store, self._local)

    @property
    def path(self) -> Path:
        """Folder of this machine with the blocks that were fetched."""
        if self._local is not None:
            return self._local
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="landwright-")
        return Path(self._temporary.name) / BLOCKS

    def folder(self, block: str) -> Path:
        """Return a folder of this machine with a finished block's files; they are fetched if they are not there yet.

        Raises:
            DataError: The block is not finished, or cannot be fetched.
        """
        target = self.path / block
        if target.exists():
            return target
        attempt, note = self._decision(block)
        with explained(target):
            self.path.mkdir(parents=True, exist_ok=True)
            temporary = self.path / f".{block}.{secrets.token_hex(4)}"
            try:
                for name in [*note["files"], NOTE]:
                    (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                    self._store.download(f"{_prefix(block, attempt)}/{name}", temporary / name)
                temporary.rename(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        return target

    def note(self, block: str) -> dict[str, Any]:
        """Return what a finished block says of its making, and the names of its files.

        Raises:
            DataError: The block is not finished, or the store cannot be read.
        """
        return self._decision(block)[1]

    def finished(self) -> set[str]:
        """Return the names of all finished blocks.

        Raises:
            DataError: The store cannot be read.
        """
        return {name.removeprefix(f"{FINISHED}/").removesuffix(".json") for name in self._store.names(FINISHED)}

    def is_finished(self, block: str) -> bool:
        """Return whether a block is finished.

        Raises:
            DataError: The store cannot be read.
        """
        return self._store.read(_mark(block)) is not None

    def begin(self, block: str, attempt: int) -> Path:
        """Make a temporary folder for the files of an attempt.

        Raises:
            DiskFullError: The disk is full.
            DataError: The temporary folder cannot be made.
        """
        with explained(tempfile.gettempdir()):
            place = Path(tempfile.mkdtemp(prefix=f"landwright-{block}.{attempt}-"))
        self._places[block, attempt] = place
        return place

    def publish(self, block: str, attempt: int, note: Mapping[str, Any]) -> bool:
        """Upload the files of an attempt that began here, and show them as the finished block.

        Args:
            block: Name of the block.
            attempt: Number of the attempt.
            note: What to keep of the making.

        Returns:
            Whether they are; not if the attempt was revoked.

        Raises:
            DataError: The store cannot be written.
        """
        place = self._places[block, attempt]
        files = sorted(path for path in place.rglob("*") if path.is_file())
        names = [path.relative_to(place).as_posix() for path in files]
        for path, name in zip(files, names, strict=True):
            self._store.upload(f"{_prefix(block, attempt)}/{name}", path)
        content = json.dumps({**note, "files": names}).encode()
        # If no answer comes to this, the attempt may count all the same: then its files have to stay.
        if self._decide(block, attempt, content) == _REVOKED:
            for name in names:
                self._store.delete(f"{_prefix(block, attempt)}/{name}")
            return False
        self._name(block, attempt)
        return True

    def revoke(self, block: str, attempt: int) -> None:
        """Make it impossible that an attempt is published; if it was decided that it is, see to it.

        Raises:
            DataError: The store cannot be written.
        """
        if self._decide(block, attempt, _REVOKED) != _REVOKED:
            self._name(block, attempt)

    def discard(self, block: str, attempt: int) -> None:
        """Remove the temporary folder of an attempt of this process; what it uploaded in vain goes with `sweep`."""
        place = self._places.pop((block, attempt), None)
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what attempts left that were never published, when no worker is at work any more.

        Raises:
            DataError: The store cannot be written.
        """
        kept = {_prefix(block, self._decision(block)[0]) for block in self.finished()}
        for name in self._store.names(BLOCKS):
            if "/".join(name.split("/")[:3]) not in kept:
                self._store.delete(name)

    def _decide(self, block: str, attempt: int, content: bytes) -> bytes:
        """Decide what becomes of an attempt; what was decided by whoever was first."""
        name = f"{_prefix(block, attempt)}/{NOTE}"
        if self._store.create(name, content):
            return content
        return self._store.read(name) or _REVOKED

    def _name(self, block: str, attempt: int) -> None:
        self._store.create(_mark(block), json.dumps({"attempt": attempt}).encode())

    def _decision(self, block: str) -> tuple[int, dict[str, Any]]:
        mark = self._store.read(_mark(block))
        attempt = 0 if mark is None else int(json.loads(mark)["attempt"])
        content = None if mark is None else self._store.read(f"{_prefix(block, attempt)}/{NOTE}")
        if content is None:
            raise DataError(
                f"block {block} is not finished",
                path=self._store.address,
                remedy="Start the run again to go on with it",
            )
        found: dict[str, Any] = json.loads(content)
        return attempt, found


def _prefix(block: str, attempt: int) -> str:
    return f"{BLOCKS}/{block}/{attempt}"


def _mark(block: str) -> str:
    return f"{FINISHED}/{block}.json"
