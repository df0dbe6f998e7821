"""Templates of file names: ``train/{city}{number:d}.tif`` finds files, and tells their fields apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_FIELD = re.compile(r"\{(\w+)(:d)?\}")
_FIELDS = re.compile(r"(?:\{\w+(?::d)?\})+")


def fields(template: str) -> tuple[str, ...]:
    """Return the names of a template's fields in their order."""
    return tuple(match[1] for match in _FIELD.finditer(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the name that a template stands for; every field needs a value."""
    return _FIELD.sub(lambda match: values[match[1]], template)


def places(folder: Path, names: Sequence[str], values: Mapping[str, str]) -> Iterator[Path]:
    """Yield the paths that templates below a folder stand for, without those of which a field has no value."""
    for name in names:
        if values.keys() >= set(fields(name)):
            yield folder / fill(name, values)


def find(folder: Path, template: str) -> list[tuple[Path, dict[str, str]]]:
    """Return the files that a template fits, with their fields, in order of their path.

    Args:
        folder: Where to look; its own path never decides on anything.
        template: Path below the folder. ``{field}`` stands for any text without a slash, ``{field:d}`` for digits.
    """
    if not folder.is_dir():
        return []
    # re.split gives text, field, kind, text, field, kind, ..., text.
    pieces = _FIELD.split(template)
    groups = [
        f"(?P<{name}>{'[0-9]+' if kind else '[^/]+?'})" for name, kind in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    texts = [re.escape(text) for text in pieces[0::3]]
    expression = texts[0] + "".join(group + text for group, text in zip(groups, texts[1:], strict=True))
    pattern = re.compile(expression)
    paths = sorted(folder.glob(_FIELDS.sub("*", template)))
    matches = [(path, pattern.fullmatch(path.relative_to(folder).as_posix())) for path in paths]
    return [(path, match.groupdict()) for path, match in matches if match]
