"""From what a user names to a list of files."""

from __future__ import annotations

import glob
from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path

from landwright.errors import DataError

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".png", ".jpg", ".jpeg", ".img", ".bmp")
"""Suffixes of the rasters that are picked from a folder."""

_LIST = ".txt"


def expand_inputs(
    spec: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    base: Path | None = None,
    suffixes: Collection[str] = RASTER_SUFFIXES,
) -> list[Path]:
    """List the files that a specification names.

    Args:
        spec: A file, a glob (`**` for any depth), a folder (its own files, not those of folders in it), a `.txt` list
            with one of these per line (relative to the list; `#` starts a comment), or several of all these.
        base: Folder that relative names start from; by default the current one.
        suffixes: Suffixes to pick from folders, in lower case.

    Returns:
        The files without repetition; those of a folder or glob sorted, those of a list in its order.

    Raises:
        DataError: If a name leads to no file.
    """
    names = [spec] if isinstance(spec, str | PathLike) else list(spec)
    found = [path for name in names for path in _expand(Path(base or "") / name, suffixes)]
    if not found:
        raise DataError("no input was named", remedy="Give a file, a folder, a glob or a .txt list")
    return list(dict.fromkeys(found))


def _expand(path: Path, suffixes: Collection[str]) -> list[Path]:
    if path.suffix == _LIST and _LIST not in suffixes and path.is_file():
        return _from_list(path, suffixes)
    if path.is_dir():
        visible = (file for file in path.iterdir() if not file.name.startswith("."))
        files = [file for file in visible if file.suffix.lower() in suffixes and file.is_file()]
        return _not_empty(sorted(files), path, f"the folder holds no {', '.join(suffixes)} file")
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        matches = sorted(map(Path, glob.glob(str(path), recursive=True)))
        return _not_empty([file for file in matches if file.is_file()], path, "no file fits the pattern")
    raise DataError("there is no such file or folder", path=path, remedy="Check the path")


def _from_list(path: Path, suffixes: Collection[str]) -> list[Path]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    files = [file for line in lines if line for file in _expand(path.parent / line, suffixes)]
    return _not_empty(files, path, "the list names no file")


def _not_empty(files: list[Path], path: Path, problem: str) -> list[Path]:
    if not files:
        raise DataError(problem, path=path, remedy="Check the name; use `folder/**/*.tif` for folders in folders")
    return files
