"""Find and read class tables: shipped ones by name, others by file."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from landwright.errors import DataError, UsageError
from landwright.explain import explain
from landwright.legends.legend import Legend

_SUFFIXES = (".yaml", ".yml")
Table = TypeVar("Table", bound=BaseModel)


def list_legends() -> list[str]:
    """Names of the shipped legends."""
    return shipped("tables")


def load_legend(name_or_path: str | PathLike[str]) -> Legend:
    """Load a legend.

    Args:
        name_or_path: Name of a shipped legend, or a YAML file (`.yaml`, `.yml`) with the fields of `Legend`.

    Raises:
        UsageError: If there is no shipped legend of that name.
        DataError: If the file is missing or is not a valid legend.
    """
    path = find_table(name_or_path, "tables", "legend")
    return _shipped_legend(path) if path.parent == _root("tables") else read_table(path, Legend, "legend")


def shipped(folder: str) -> list[str]:
    """Names of the tables in one of the package's folders, sorted."""
    return sorted(Path(entry.name).stem for entry in _root(folder).iterdir() if entry.suffix in _SUFFIXES)


def find_table(name_or_path: str | PathLike[str], folder: str, kind: str) -> Path:
    """The file behind a shipped name or a path."""
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        return path
    names = shipped(folder)
    name = str(name_or_path)
    if name in names:
        return _root(folder) / f"{name}.yaml"
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Shipped are {', '.join(names)}; or give a .yaml file."
    raise UsageError(f"there is no {kind} named {name!r}", remedy=hint)


def read_table(path: Path, model: type[Table], kind: str) -> Table:
    """Read and validate one YAML table; the message of a bad one names the lines."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except OSError as error:
        raise DataError(f"the {kind} cannot be read: {error.strerror}", path=path, remedy="Check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"the {kind} is not YAML: {error}", path=path, remedy="Correct the file") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise DataError(
            f"not a valid {kind}: {explain(error, text, whole=kind)}",
            path=path,
            remedy=f"Correct the file; a shipped {kind} shows the form",
        ) from error


@cache
def _shipped_legend(path: Path) -> Legend:
    return read_table(path, Legend, "legend")


@cache
def _root(folder: str) -> Path:
    return Path(str(files("landwright.legends"))) / folder
