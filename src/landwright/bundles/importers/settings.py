"""Values of ``models import --set key=value``."""

from __future__ import annotations

from landwright.errors import UsageError


def count(name: str, text: str) -> int:
    """Return a setting as a whole number.

    Args:
        name: Name of the setting, for the message.
        text: What the user gave.

    Raises:
        UsageError: It is no whole number of at least 1.
    """
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise UsageError(f"{name} must be a whole number of at least 1, not {text!r}")
    return value
