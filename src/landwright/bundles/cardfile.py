"""``card.yaml``: the card as a file that people read and edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from landwright.bundles.card import FORMAT, Card
from landwright.errors import DataError

CARD = "card.yaml"


def dump_card(card: Card) -> str:
    """Return a card as YAML text, in the order of its fields, without what is unknown."""
    content = card.model_dump(mode="json", exclude_none=True)
    content["legend"] = card.legend.to_dict()
    # Mappings as blocks, short lists on one line.
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def read_card(path: Path) -> Card:
    """Read and validate a card.

    Args:
        path: The file ``card.yaml``.

    Raises:
        DataError: The file is missing, is not YAML, was made by a newer landwright, or does not fit the schema; the
            message names the lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy="Give a bundle's folder") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"is not valid YAML: {error}", path=path, remedy="Copy the bundle again") from error
    if not isinstance(content, dict):
        raise DataError("is not a card: no mapping of fields", path=path, remedy="Copy the bundle again")
    # Before anything else: a newer layout may have keys that mean nothing here.
    version = content.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise DataError(
            f"made by a newer landwright (bundle format {version}, this one reads up to {FORMAT})",
            path=path,
            remedy="Upgrade with: pip install --upgrade landwright",
        )
    try:
        return Card.model_validate(content)
    except ValidationError as error:
        raise DataError(
            _explain(error, node), path=path, remedy="Correct the lines named, or copy the bundle"
        ) from error


def _explain(error: ValidationError, node: yaml.Node | None) -> str:
    words = {"extra_forbidden": "unknown key", "missing": "key is missing"}
    problems = []
    for problem in error.errors():
        line = _line(node, problem["loc"])
        where = ".".join(map(str, problem["loc"])) or "card"
        message = words.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        problems.append(f"{f'line {line}: ' if line else ''}{where}: {message}")
    return "; ".join(problems)


def _line(node: yaml.Node | None, location: tuple[Any, ...]) -> int | None:
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
