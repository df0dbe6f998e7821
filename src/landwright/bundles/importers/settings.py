"""Values of ``models import --set key=value``."""

from __future__ import annotations

import math

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


def number(name: str, text: str) -> float:
    """Return a setting as a finite number.

    Args:
        name: Name of the setting, for the message.
        text: What the user gave.

    Raises:
        UsageError: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{name} must be a number, not {text!r}")
    return value


def switch(name: str, text: str) -> bool:
    """Return a setting as true or false.

    Args:
        name: Name of the setting, for the message.
        text: What the user gave, in any case.

    Raises:
        UsageError: It is neither.
    """
    if text.lower() not in ("true", "false"):
        raise UsageError(f"{name} must be true or false, not {text!r}")
    return text.lower() == "true"
