"""Read a recipe from its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import ValidationError

from landwright.errors import UsageError
from landwright.explain import explain
from landwright.recipe.recipe import Recipe


def load_recipe(path: str | Path, overrides: Sequence[str] = (), *, saved: bool = False) -> Recipe:
    """Read and validate a recipe.

    Args:
        path: YAML file.
        overrides: ``section.key=value`` strings; the value is read as YAML.
        saved: The file is one that a run saved: it may hold what its user had set, and so lead anywhere.

    Returns:
        The validated recipe. Relative paths in it stay relative to the working directory.

    Raises:
        UsageError: The file is missing, is not YAML, does not fit the schema, or leads out of its folder by ``..``; the
            message names the lines.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the recipe ({error.strerror})", path=path, remedy="Check the path") from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"is not valid YAML: {error}", path=path, remedy="Correct the syntax") from error
    if not isinstance(document, dict):
        raise UsageError("is not a mapping of sections", path=path, remedy="Start from one of the shipped recipes")
    outside = [] if saved else [value for value in _texts(document) if ".." in PurePosixPath(value).parts]
    if outside:
        line = next(number for number, row in enumerate(text.splitlines(), start=1) if outside[0] in row)
        raise UsageError(
            f"line {line}: {outside[0]!r} leads out of the recipe's folder",
            path=path,
            remedy="A recipe that is passed on must not reach elsewhere: give an absolute path, or name it with --set",
        )
    for override in overrides:
        _override(document, override)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise UsageError(
            explain(error, text, whole="recipe"),
            path=path,
            remedy="See docs/recipe.md for every key, or correct the lines named",
        ) from error


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe, for editors."""
    return Recipe.model_json_schema(by_alias=True)


def _texts(tree: object) -> Iterator[str]:
    """Yield every text in a document, keys left out."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _texts(branch)


def _override(document: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        problem = f"override {override!r} is not of the form section.key=value"
        raise UsageError(problem, remedy="Use --set optim.lr=1e-4")
    *sections, last = key.strip().split(".")
    for section in sections:
        inner = document.setdefault(section, {})
        if not isinstance(inner, dict):
            raise UsageError(f"override {override!r} goes into {section!r}, which is not a section")
        document = inner
    document[last] = _number(yaml.safe_load(value))


def _number(value: object) -> object:
    # YAML 1.1 reads 1e-4 (no dot) as text; nobody means text there.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
