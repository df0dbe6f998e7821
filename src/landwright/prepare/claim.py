"""A note in a folder that says what was made in it, so that nothing else is mixed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from landwright.errors import DataError
from landwright.rasters import atomic_output

MARKER: Final = "landwright.json"


def check_folder(folder: Path, mark: Mapping[str, Any], *, remedy: str = "Choose another folder for --out") -> None:
    """Refuse a folder that holds anything but what a mark says; an empty one will do.

    Args:
        folder: The folder, which need not be there.
        mark: What it is to hold.
        remedy: What to do if it holds files of unknown origin.

    Raises:
        DataError: If it holds something else.
    """
    record = folder / MARKER
    if record.exists():
        try:
            found = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", path=record, remedy="Choose another folder") from error
        if found != mark:
            raise DataError(f"holds files made for {found}, not {mark}", path=folder, remedy="Choose another folder")
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("holds something else already", path=folder, remedy=remedy)


def mark_folder(folder: Path, mark: Mapping[str, Any]) -> None:
    """Write down what the folder holds, where that is not done.

    Raises:
        DataError: If it cannot be written.
    """
    if not (record := folder / MARKER).exists():
        with atomic_output(record) as temporary:
            temporary.write_text(json.dumps(mark) + "\n", encoding="utf-8")
