"""Say what is wrong in a YAML file, with the lines."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

_WORDS = {"extra_forbidden": "unknown key", "missing": "key is missing"}
_CHOICES = ("list[", "literal[", "tuple[")


def explain(error: ValidationError, text: str, *, whole: str) -> str:
    """Turn the findings of a schema into one sentence each.

    Args:
        error: What pydantic found.
        text: The YAML text that was checked.
        whole: What to call the file where a finding is about all of it.

    Returns:
        The findings, separated by semicolons; each names its line where it has one.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    findings = []
    for problem in error.errors():
        # pydantic adds the names of the types that it tried; nobody wrote those.
        location = [part for part in problem["loc"] if not str(part).startswith(_CHOICES)]
        line = _line(root, location)
        message = _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        findings.append(f"{f'line {line}: ' if line else ''}{'.'.join(map(str, location)) or whole}: {message}")
    return "; ".join(dict.fromkeys(findings))


def _line(node: yaml.Node | None, location: list[Any]) -> int | None:
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
