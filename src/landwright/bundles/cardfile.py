"""``card.yaml``: the card as a file that people read and edit."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from landwright.bundles.card import FORMAT, Card
from landwright.errors import DataError
from landwright.explain import explain

CARD = "card.yaml"


def dump_card(card: Card) -> str:
    """Return a card as YAML text, in the order of its fields, without what is unknown."""
    content = card.model_dump(mode="json", exclude_none=True)
    content["legend"] = card.legend.to_dict()
    if card.words is not None:
        content["words"]["vocabulary"] = card.words.vocabulary.to_dict()
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
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy="Give a bundle's folder") from error
    except UnicodeDecodeError as error:
        raise DataError(f"is not valid YAML: {error}", path=path, remedy="Copy the bundle again") from error
    return parse_card(text, path)


def parse_card(text: str, path: Path) -> Card:
    """Validate the text of a card.

    Args:
        text: YAML, as :func:`dump_card` writes it.
        path: The file that holds it, for messages.

    Raises:
        DataError: It is not YAML, was made by a newer landwright, or does not fit the schema; the message names the
            lines.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
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
            explain(error, text, whole="card"), path=path, remedy="Correct the lines named, or copy the bundle"
        ) from error
