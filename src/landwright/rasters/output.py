"""Files appear whole or not at all."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from landwright.errors import DISK_FULL, DataError, DiskFullError, UsageError

_ROOM = 2**20


@contextmanager
def atomic_output(path: str | PathLike[str]) -> Iterator[Path]:
    """Write to a temporary file beside `path`, which takes its place at the end.

    On any error, Ctrl-C included, the temporary file and the folders made for it are removed and an older file at
    `path` stays as it was.

    Args:
        path: The file wanted. Missing folders are made.

    Yields:
        The temporary path, with the same suffix.

    Raises:
        UsageError: If `path` is a folder.
        DataError: If the folder cannot be written, the disk is full, or GDAL fails to write.
    """
    target = Path(path)
    if target.is_dir():
        raise UsageError("is a folder, not a file", path=target, remedy="Give the name of the file to write")
    made = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except BaseException as error:
        explained = _explained(error, target)
        _clean_up(temporary, made)
        if explained:
            raise explained from error
        raise


def _clean_up(temporary: Path, made: list[Path]) -> None:
    # GDAL may have left statistics, masks or overviews beside the file.
    for leftover in temporary.parent.glob(f"{glob.escape(temporary.stem)}*"):
        leftover.unlink(missing_ok=True)
    for folder in made:
        if folder.is_dir() and not os.listdir(folder):
            folder.rmdir()


def _explained(error: BaseException, target: Path) -> DataError | None:
    """The error for a user, if the writing failed and not something else in the block."""
    by_gdal = isinstance(error, RasterioError | CPLE_BaseError)
    reason = str(error.__cause__ or error)
    if isinstance(error, OSError) and not by_gdal:
        about = error.filename is not None and Path(error.filename).parent in (target.parent, *target.parent.parents)
        if error.errno not in DISK_FULL and not about:
            return None
        reason = error.strerror or reason
    elif not by_gdal:
        return None
    # GDAL reports a full disk only as a failed write.
    full = target.parent.is_dir() and shutil.disk_usage(target.parent).free < _ROOM
    if full or any(os.strerror(number) in reason for number in DISK_FULL):
        return DiskFullError(
            "cannot be written: the disk is full", path=target, remedy="Free space, or write elsewhere"
        )
    return DataError(
        f"cannot be written: {reason}", path=target, remedy="Check the free space and the folder's permissions"
    )
