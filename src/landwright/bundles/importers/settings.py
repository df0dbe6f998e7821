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
        raise UsageError(
            f"{name} must be a whole number of at least 1, not {text!r}", remedy=f"Say it as --set {name}=1"
        )
    return value


def number(name: str, text: str, *, positive: bool = False) -> float:
    """Return a setting as a finite number.

    Args:
        name: Name of the setting, for the message.
        text: What the user gave.
        positive: Whether it must be above 0.

    Raises:
        UsageError: It is none, or not above 0 where it must be.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{name} must be a number, not {text!r}", remedy=f"Say it as --set {name}=0.5")
    if positive and value <= 0:
        raise UsageError(f"{name} must be above 0, not {text}", remedy=f"Leave {name} out for the default")
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
        raise UsageError(f"{name} must be true or false, not {text!r}", remedy=f"Say it as --set {name}=true")
    return text.lower() == "true"
