"""The folder of segments while it is written: one process at a time, and settings that do not mix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from landwright.errors import DataError
from landwright.prepare.segments.params import Params
from landwright.prepare.segments.record import RECORD, Record, load_record

_LOCK: Final = ".landwright.lock"


def open_record(folder: Path, provider: str, params: Params) -> Record:
    """Read the folder's record, or begin one.

    Raises:
        DataError: If the folder holds segments made otherwise, or something else.
    """
    wanted = params.record()
    if not (folder / RECORD).exists():
        if folder.exists() and (not folder.is_dir() or any(path.name != _LOCK for path in folder.iterdir())):
            raise DataError("is not an empty folder, nor one of segments", path=folder, remedy="Choose another folder")
        return Record(provider, wanted, {})
    record = load_record(folder)
    if record.provider != provider:
        raise DataError(
            f"holds segments by {record.provider}, not {provider}", path=folder, remedy="Choose another folder"
        )
    if record.params != wanted:
        before = record.params
        names = sorted(name for name in {*before, *wanted} if before.get(name) != wanted.get(name))
        differences = "; ".join(f"{name} {before.get(name)} there, {wanted.get(name)} now" for name in names)
        raise DataError(
            f"holds segments of other settings: {differences}",
            path=folder,
            remedy="Repeat its settings to continue, or choose another folder",
        )
    return record


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one process; others wait. A folder that stays empty goes again.

    Raises:
        DataError: If it cannot be written.
    """
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        lock.acquire()
    except OSError as error:
        raise DataError(
            f"cannot be written ({error.strerror})", path=folder, remedy="Name a folder that can be written"
        ) from error
    try:
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)
        lock.release()
        if created and not any(folder.iterdir()):
            for path in created:
                path.rmdir()
