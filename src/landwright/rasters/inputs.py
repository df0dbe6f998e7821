"""From what a user names to a list of files, or of other rasters."""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit

from landwright.errors import DataError
from landwright.rasters.gdal import is_remote
from landwright.rasters.items import image_assets, images_behind
from landwright.rasters.names import is_gdal_name

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".png", ".jpg", ".jpeg", ".img", ".bmp")
"""Suffixes of the rasters that are picked from a folder."""

_LIST = ".txt"
_ITEMS = (".json", ".geojson")
_COMMENT = re.compile(r"(?:^|\s)#")
_T = TypeVar("_T")


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
    found = [file for name in _several(spec) for file in _expand(Path(base or "") / name, suffixes)]
    return list(dict.fromkeys(_named(found)))


def expand_sources(
    names: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    base: Path | None = None,
    asset: str | None = None,
) -> list[str]:
    """List the rasters that a specification names, on this machine or elsewhere.

    As `expand_inputs`; and URLs (``https://``, ``s3://``, ``gs://``, ``az://``), names in GDAL's file systems
    (``/vsi...``) and those that its drivers take apart (``NETCDF:file:variable``) stay as they are, in lists as well.
    STAC Items and ItemCollections, files (``.json``, ``.geojson``) or what an http(s) address answers, stand for the
    images that they name.

    Args:
        names: What `expand_inputs` takes, and the above.
        base: Folder that relative names start from; by default the current one.
        asset: Key of the asset to take of every STAC Item; see `items.image_assets`.

    Returns:
        The names without repetition, in order.

    Raises:
        DataError: A name leads to no file, or Items to no image.
        UsageError: STAC Items are named, but pystac is not installed.
    """
    found = [source for name in _several(names) for source in _sources(str(name), Path(base or ""), asset)]
    return list(dict.fromkeys(_named(found)))


def _sources(name: str, base: Path, asset: str | None) -> list[str]:
    if is_remote(name) and not is_gdal_name(name):
        return _behind(name, asset)
    path = base / name
    if path.suffix == _LIST and path.is_file():
        return _not_empty([source for line in _lines(path) for source in _sources(line, path.parent, asset)], path)
    if is_gdal_name(name) and not path.exists():
        return [name]
    files = _expand(path, RASTER_SUFFIXES)
    return [
        source
        for file in files
        for source in (image_assets(str(file), asset=asset) if file.suffix.lower() in _ITEMS else [str(file)])
    ]


def _behind(name: str, asset: str | None) -> list[str]:
    """Return a URL itself, or the images of the STAC Items that it answers."""
    suffix = PurePosixPath(urlsplit(name).path).suffix.lower()
    if suffix in _ITEMS:
        return image_assets(name, asset=asset)
    # Items of a STAC API have names without suffix, as have some services of rasters: the answer tells.
    if name.startswith(("http://", "https://")) and suffix not in RASTER_SUFFIXES:
        images = images_behind(name, asset=asset)
        if images is not None:
            return images
    return [name]


def _several(names: str | PathLike[str] | Sequence[str | PathLike[str]]) -> Sequence[str | PathLike[str]]:
    return [names] if isinstance(names, str | PathLike) else names


def _named(found: list[_T]) -> list[_T]:
    if not found:
        raise DataError("no input was named", remedy="Give a file, a folder, a glob or a .txt list")
    return found


def _expand(path: Path, suffixes: Collection[str]) -> list[Path]:
    if path.suffix == _LIST and _LIST not in suffixes and path.is_file():
        return _not_empty([file for line in _lines(path) for file in _expand(path.parent / line, suffixes)], path)
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


def _lines(path: Path) -> list[str]:
    """Return the names in a list; a `#` inside a name, as in a URL, is part of it."""
    lines = (_COMMENT.split(line)[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _not_empty(files: list[_T], path: Path, problem: str = "the list names no file") -> list[_T]:
    if not files:
        raise DataError(problem, path=path, remedy="Check the name; use `folder/**/*.tif` for folders in folders")
    return files
